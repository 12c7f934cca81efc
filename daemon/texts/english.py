"""The built-in texts in English. How they are written down is said in daemon/texts/built_in.py."""

FACTS = """
{% set over = not notice.firing %}
{% set all = notice.firing + notice.resolved %}
{% set bad = alert.severity | severity | upper %}
{% set mark %}
    {% if notice.reason == 'test' %}TEST
    {% elif notice.reason == 'digest' %}DIGEST
    {% elif notice.reason == 'flapping' %}{{ bad }}, FLAPPING
    {% elif over %}RESOLVED after {{ lasted | duration }}
    {% elif notice.reason == 'worse' %}NOW {{ bad }}
    {% elif notice.reason == 'repeat' %}STILL {{ bad }} after {{ lasted | duration }}
    {% elif notice.reason == 'escalated' %}{{ bad }}, UNACKNOWLEDGED
    {% elif notice.reason == 'ack_ending' %}{{ bad }}, ACK ENDS SOON
    {% elif notice.reason == 'ack_ended' %}{{ bad }}, ACK ENDED
    {% else %}{{ bad }}
    {% endif %}
{% endset %}
{% set counts %}
    {% if notice.reason == 'digest' %}
        {{ all | plural('alarm') }}{% if notice.note %} in {{ notice.note | duration }}{% endif %}
    {% elif over %}{{ all | plural('alarm') }}
    {% else %}{{ notice.firing }} firing{% if notice.resolved %}, {{ notice.resolved }} resolved{% endif %}
    {% endif %}
{% endset %}
{% set code %}{% if alert.id %}␣({{ alert.code }}){% endif %}{% endset %}
{% set belated %}
    {% if late %}, {{ late | duration }} late{% endif %}
    {% if message.repeat %}, may be a repeat{% endif %}
{% endset %}
"""

LINE = """
[{{ mark }}]␣
{% if notice.reason == 'digest' %}{{ counts }},␣
    {% if over %}all over,␣{% elif notice.resolved %}{{ notice.firing }} still firing,␣{% endif %}worst: {{ bad }}␣
{% elif all > 1 %}{{ counts }}{% for name, value in notice.group.items() %}
    {{ ' of ' if loop.first else ', ' }}{{ name | fit(40) }}={{ value | fit(60) }}{% endfor %}:␣
{% endif %}
{{ alert.title | fit(150) }}{{ code }}{{ belated }}
"""

SHORT = """
{% set head %}
    [{{ mark }}]␣
    {% if notice.reason == 'digest' %}{{ counts }}, worst: {{ bad }}␣
    {% elif all > 1 and (over or notice.reason == 'some_resolved') %}{{ counts }}:␣
    {% elif all > 1 %}{{ notice.firing }} firing:␣
    {% endif %}
{% endset %}
{% set tail %}{{ code }}{{ belated }}{% endset %}
{% set began %}, since {{ since | time }}{% endset %}
{% set room = 70 - head | length - tail | length %}
{% set told = over or late or notice.reason in ['test', 'digest', 'repeat'] %}
{% set timed = not told and room - began | length >= [alert.title | length, 12] | min %}
{{ head }}{{ alert.title | fit([room - (began | length if timed else 0), 12] | max) }}{{ began if timed }}{{ tail }}
"""

BODY = """
⟦{{ headline | ESCAPED }}⟧¶
{% if alert.text and alert.text != alert.title %}{{ alert.text | cut(4000) | ESCAPED }}¶{% endif %}
{% if notice.reason == 'test' %}
{% elif over %}From {{ since | time(true) }} to {{ until | time(true) }}¶
{% else %}Since {{ since | time(true) }}{% if lasted >= 60 %}, for {{ lasted | duration }}{% endif %}¶
{% endif %}
{% if notice.note and notice.reason != 'digest' %}
    {{ notice.note[:1] | upper | ESCAPED }}{{ notice.note[1:] | cut(1000) | ESCAPED }}.¶
{% elif notice.reason == 'new_member' %}A further problem has joined.¶
{% elif notice.reason == 'worse' %}Its severity rose.¶
{% elif notice.reason == 'some_resolved' %}Some of it is over.¶
{% elif notice.reason == 'repeat' %}Nothing has changed; this is a reminder.¶
{% elif notice.reason == 'escalated' %}Nobody has acknowledged it.¶
{% elif notice.reason == 'ack_ending' %}The acknowledgement ends soon, and the problem is still there.¶
{% elif notice.reason == 'ack_ended' %}The acknowledgement has ended, and the problem is still there.¶
{% elif notice.reason == 'flapping' %}It comes and goes; you will hear of it again when it has settled.¶
{% elif notice.reason == 'digest' %}Many alarms at once, told in one message.¶
{% endif %}
{% if all > 1 %}
    {% for one in alerts[:20] %}
        - {% if one.state == 'resolved' %}resolved{% else %}{{ one.severity | severity | upper }}{% endif %}␣
        {{ one.code }} {{ one.title | fit(150) | ESCAPED }},␣
        {% if one.state == 'resolved' %}after {{ ((one.ended_at or one.last_seen) - one.started_at) | duration }}
        {% else %}since {{ one.started_at | time }}{% endif %}¶
    {% endfor %}
    {% set left = all - alerts[:20] | length %}
    {% if left %}and {{ left }} more¶{% endif %}
{% endif %}
{% for name, value in (labels | dictsort)[:40] %}
    {{ name | fit(60) | ESCAPED }}: {{ value | fit(200) | ESCAPED }}¶
{% endfor %}
{% for name, url in (links.items() | list)[:8] %}LINKED¶{% endfor %}
"""

LAST_RESORT = "[%s] %s (%s)"
