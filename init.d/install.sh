#!/bin/sh
# Install or remove the service: `make install`, `make uninstall`; the Makefile says which variables there are.
set -eu

root() { echo "$DESTDIR$1"; } # where a path is during the installation
home=$(root "$PREFIX")
system() { [ -z "$DESTDIR" ]; } # onto this machine, not into a package's tree
# systemd makes such folders below /run only
case $RUNDIR in /run/?*) runtime=${RUNDIR#/run/} ;; *) runtime=tocsin ;; esac

fail() { echo "make $action: $*" >&2; exit 1; }

# The files in the tree carry the usual paths. Marks first, then values: a value may contain another usual path.
placed() {
    sed -e 's|/opt/tocsin|@HOME@|g' -e 's|/etc/tocsin|@ETC@|g' -e 's|/etc/default/tocsin|@DEFAULTS@|g' \
        -e 's|/etc/init\.d/tocsin|@INIT@|g' -e 's|/run/tocsin|@RUN@|g' -e 's|/var/lib/tocsin|@STATE@|g' \
        -e 's|/var/log/tocsin-supervisor|@SLOG@|g' -e 's|/var/log/tocsin|@LOG@|g' \
        -e 's|^TOCSIN_USER=tocsin|TOCSIN_USER=@USER@|' -e 's|^User=tocsin|User=@USER@|' -e 's|^Group=tocsin|Group=@USER@|' \
        -e 's|^RuntimeDirectory=tocsin/|RuntimeDirectory=@RUNNAME@/|' "$1" |
        sed -e "s|@HOME@|$PREFIX|g" -e "s|@ETC@|$CONFDIR|g" -e "s|@DEFAULTS@|$DEFAULTS|g" \
            -e "s|@INIT@|$INITDIR/tocsin|g" -e "s|@RUN@|$RUNDIR|g" -e "s|@STATE@|$STATEDIR|g" \
            -e "s|@SLOG@|$SUPERVISORLOGDIR|g" -e "s|@LOG@|$LOGDIR|g" -e "s|@USER@|$SERVICE_USER|g" \
            -e "s|@RUNNAME@|$runtime|g"
}

put() { # put MODE SOURCE PATH
    mkdir -p "$(dirname "$(root "$3")")"
    placed "$2" > "$(root "$3").new"
    chmod "$1" "$(root "$3").new"
    mv -f "$(root "$3").new" "$(root "$3")"
}

service_python() { # the service's user must be able to read it, so nothing below somebody's home
    for candidate in "$PYTHON" /usr/bin/python3 /usr/local/bin/python3; do
        path=$("$candidate" -c 'import ensurepip, os, sys, venv
sys.version_info >= (3, 11) or sys.exit(1)
print(os.path.realpath(sys.executable))' 2> /dev/null) || continue
        case $path in /root/* | /home/*) continue ;; esac
        echo "$path"
        return
    done
    fail "there is no Python 3.11 or newer with venv outside of home directories (Debian: apt-get install python3-venv)"
}

make_home() {
    python=$(service_python)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    rm -rf "$home.new"
    "$python" -m venv --prompt tocsin "$home.new"
    pip="$home.new/bin/python -m pip --disable-pip-version-check -qq"
    $pip install --require-hashes -r requirements.lock
    # from a copy: nothing of a build in this tree gets in, nothing of this build is left behind
    cp -R daemon handlers setup.cfg pyproject.toml README.md LICENSE "$work"
    $pip wheel --no-deps --no-build-isolation --no-index -w "$work/dist" "$work"
    $pip install --no-deps --no-index --find-links "$work/dist" tocsin
    # the environment is built beside the old one and then takes its place: what names its path is told the final one
    grep -rlIF "$home.new" "$home.new/bin" "$home.new/pyvenv.cfg" | xargs -r sed -i "s|$home\.new|$PREFIX|g"
    "$home.new/bin/python" -m compileall -qq -f -s "$home.new" -p "$PREFIX" "$home.new/lib" || true
    rm -rf "$home.old"
    [ ! -e "$home" ] || mv "$home" "$home.old"
    mv "$home.new" "$home"
    rm -rf "$home.old"
}

make_user() {
    id "$SERVICE_USER" > /dev/null 2>&1 ||
        useradd --system --user-group --home-dir "$STATEDIR" --no-create-home --shell /usr/sbin/nologin "$SERVICE_USER"
}

make_config() {
    mkdir -p "$(root "$CONFDIR")/services.d" "$(root "$CONFDIR")/handlers.d" "$(root "$CONFDIR")/prometheus"
    put 0644 etc/supervisord.conf "$CONFDIR/supervisord.conf"
    for file in prometheus.yml rules.yml grafana.json; do # for a Prometheus to take over: nothing here reads them
        put 0644 "etc/prometheus/$file" "$CONFDIR/prometheus/$file"
    done
    if [ -e "$(root "$CONFDIR/tocsin.yml")" ]; then
        put 0640 etc/tocsin.yml "$CONFDIR/tocsin.yml.new"
        if cmp -s "$(root "$CONFDIR/tocsin.yml")" "$(root "$CONFDIR/tocsin.yml.new")"; then
            rm "$(root "$CONFDIR/tocsin.yml.new")"
        else
            echo "$CONFDIR/tocsin.yml is yours and stays; the new default lies beside it as tocsin.yml.new"
        fi
    else
        put 0640 etc/tocsin.yml "$CONFDIR/tocsin.yml"
    fi
    if system; then # the daemon reads it again after it has become its user
        chgrp "$(id -gn "$SERVICE_USER")" "$CONFDIR" "$CONFDIR"/tocsin.yml*
        chmod 0750 "$CONFDIR"
    fi
}

make_places() {
    mkdir -p "$(root "$STATEDIR")" "$(root "$LOGDIR")" "$(root "$SUPERVISORLOGDIR")"
    chmod 0750 "$(root "$STATEDIR")" "$(root "$LOGDIR")" "$(root "$SUPERVISORLOGDIR")"
    ! system || chown "$SERVICE_USER:$(id -gn "$SERVICE_USER")" "$STATEDIR" "$LOGDIR"
}

# Only where init scripts really live: an installation elsewhere leaves this machine's boot alone. The links of the
# run levels and systemd's are two things: `defaults` makes the former, `enable` both.
tell_init() {
    system && [ "$INITDIR" = /etc/init.d ] || return 0
    if command -v update-rc.d > /dev/null; then
        for word in "$@"; do update-rc.d tocsin "$word" > /dev/null; done
    fi
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}

install_it() {
    [ "$(id -u)" = 0 ] || ! system || fail "only root may install onto this machine; DESTDIR=… installs into a tree"
    ! system || make_user
    make_home
    make_config
    make_places
    # an upgrade leaves alone what the administrator has said about the boot
    if [ -e "$(root "$INITDIR/tocsin")" ]; then boot=defaults; else boot="defaults enable"; fi
    put 0755 init.d/tocsin "$INITDIR/tocsin"
    put 0644 etc/tocsin.service "$UNITDIR/tocsin.service"
    mkdir -p "$(root "$BINDIR")"
    ln -sfn "$PREFIX/bin/tocsinctl" "$(root "$BINDIR/tocsinctl")"
    tell_init $boot
    if system && "$INITDIR/tocsin" status > /dev/null 2>&1; then
        echo "tocsin is upgraded in $PREFIX; the old one still runs until: $(started_by) restart"
    else
        echo "tocsin is installed in $PREFIX; edit $CONFDIR/tocsin.yml, then: $(started_by) start"
    fi
}

started_by() { if [ "$INITDIR" = /etc/init.d ]; then echo "service tocsin"; else echo "$INITDIR/tocsin"; fi; }

uninstall_it() {
    [ "$(id -u)" = 0 ] || ! system || fail "only root may remove it from this machine"
    if system && [ -x "$INITDIR/tocsin" ] && [ -x "$PREFIX/bin/tocsind" ]; then
        "$INITDIR/tocsin" stop || fail "the service could not be stopped; nothing was removed"
    fi
    # nothing but an environment that was made for tocsin
    if [ -e "$home" ]; then
        [ -x "$home/bin/tocsind" ] && [ -f "$home/pyvenv.cfg" ] || fail "$home does not look like tocsin's; nothing was removed"
        rm -rf "$home"
    fi
    if [ -e "$(root "$INITDIR/tocsin")" ]; then tell_init disable; fi
    rm -f "$(root "$INITDIR/tocsin")" "$(root "$UNITDIR/tocsin.service")" "$(root "$CONFDIR/supervisord.conf")"
    for file in prometheus.yml rules.yml grafana.json; do rm -f "$(root "$CONFDIR/prometheus/$file")"; done
    rmdir "$(root "$CONFDIR/prometheus")" 2> /dev/null || true # unless somebody put more there
    if [ "$(readlink "$(root "$BINDIR/tocsinctl")" || true)" = "$PREFIX/bin/tocsinctl" ]; then
        rm -f "$(root "$BINDIR/tocsinctl")"
    fi
    tell_init remove
    if [ "${PURGE:-}" = 1 ]; then purge; else echo "configuration, state and logs stay; PURGE=1 removes them"; fi
}

purge() {
    for place in "$CONFDIR" "$STATEDIR" "$LOGDIR" "$SUPERVISORLOGDIR" "$RUNDIR" "$DEFAULTS"; do
        case $place in */tocsin | */tocsin-*) rm -rf "$(root "$place")" ;; *) echo "$place is left: remove it by hand" ;; esac
    done
    if system && id "$SERVICE_USER" > /dev/null 2>&1; then userdel "$SERVICE_USER"; fi
}

action=$1
case $action in
    install) install_it ;;
    uninstall) uninstall_it ;;
    *) echo "usage: install.sh install|uninstall" >&2; exit 2 ;;
esac
