"""Makes the helpers that stand in tests/ importable, and keeps the tests away from any network."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault('HF_HUB_OFFLINE', '1')
