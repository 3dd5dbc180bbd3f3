"""``python -m flowsim`` is ``flowsim``."""

import sys

from flowsim.cli import main

if __name__ == "__main__":
    sys.exit(main())
