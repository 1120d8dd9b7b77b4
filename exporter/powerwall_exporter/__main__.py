"""`python -m powerwall_exporter`."""

import sys

from powerwall_exporter.cli import main

sys.exit(main())
