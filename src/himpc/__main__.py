"""``python -m himpc`` is the command line."""

import sys

from himpc.cli import main

sys.exit(main())
