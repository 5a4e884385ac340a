"""Makes the helpers that stand in tests/ importable, and keeps the tests away from any network and any clock."""
import os
import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault('HF_HUB_OFFLINE', '1')
settings.register_profile('any machine', deadline=None)  # a busy one must not fail a test
settings.load_profile('any machine')
