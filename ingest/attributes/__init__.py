"""Brand, size, pack, colour, material and other values read from what products say of themselves.

`patterns` know quantities, `lexicon` colours and materials, `growth` more of these from the catalogue;
`brands` learns names from the brand column and `openings` from titles where there is none; `head` finds
brands that no dictionary has. `learn` puts them together.
"""

from ingest.attributes.attribute import Attribute, AttributeSettings, Means, Name, text_of
from ingest.attributes.describing import described
from ingest.attributes.extractor import Extractor
from ingest.attributes.learning import learn

__all__ = ["Attribute", "AttributeSettings", "Extractor", "Means", "Name", "described", "learn", "text_of"]
