"""Documents that were not written for us: our own fixtures, and a corpus of published ones where it is at hand.

The directory RECIPE_CORPUS, or `shared/corpus/recipes` beside the checkout, may hold more; a clone has neither.
"""

from __future__ import annotations

import os
from pathlib import Path

OWN = Path(__file__).parents[2] / "fixtures" / "language" / "documents"
CORPUS = Path(os.environ.get("RECIPE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus" / "recipes"))
DOCUMENTS = sorted((*OWN.glob("*.md"), *CORPUS.glob("*.md")))
