"""`python -m daemon.cli` is `tocsinctl`."""

import sys

from daemon.cli.run import main

sys.exit(main())
