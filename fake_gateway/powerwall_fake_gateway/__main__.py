"""Run the fake gateway with `python -m powerwall_fake_gateway`."""

import sys

from .cli import main

sys.exit(main())
