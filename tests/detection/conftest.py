"""Makes the stand-in detector of the publish tests importable: importlib mode puts no test folder on the path."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "publish"), str(Path(__file__).parent.parent / "media")]
