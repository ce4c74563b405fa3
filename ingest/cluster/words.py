"""Words that name no category by themselves, in the commoner languages of catalogues."""

from taxonomy.text import fold

__all__ = [
    "ASIDES",
    "COLOURS",
    "FOLLOWED",
    "HELPERS",
    "LINKS",
    "MATERIALS",
    "NAMELESS",
    "SIZES",
    "SMALL_WORDS",
    "UNCOUNTED",
]

_COLOURS = """
black white grey gray silver gold golden red maroon burgundy pink fuchsia magenta purple violet lilac
lavender blue navy teal turquoise cyan aqua green lime khaki yellow orange peach coral
brown tan beige ivory bronze copper charcoal anthracite multicolor multicolour multicoloured
multicolored coloured colored color colour transparent clear noir blanc rouge bleu vert jaune gris rose
marron schwarz weiss weiß rot blau grün gelb grau rosa braun nero bianco rosso azzurro verde giallo
grigio negro blanco rojo azul amarillo marrón dark light pastel neon
"""

_SIZES = """
xs xxs xl xxl xxxl small medium large big mini midi maxi jumbo giant tiny huge regular standard compact
slim tall short long wide narrow size sizes king queen single double triple twin one two three four five
six seven eight nine ten half full
"""

_UNITS = """
g gm gms gr gram grams kg kgs mg mcg ml mls cl l lt ltr litre litres liter liters oz floz lb lbs mm cm
mtr m ft inch inches in w kw watt watts v volt mah ah gb tb mb hz ghz mp gsm denier ply tsp pt eu uk us
hr hrs h min mins
"""

_PRAISE = """
new best premium super ultra extra quality original genuine classic fresh deluxe luxury professional pro
plus free off sale offer buy get great perfect ideal value special limited edition official brand
branded store designer fashion stylish trendy elegant beautiful pretty cute cool fancy exclusive latest
modern amazing natural pure organic organically grown real true rich good high low hd
assorted may vary reg ref no
"""

_PACKAGING = """
pack packs pk pcs pc pce piece pieces set sets combo kit qty ct count pair pairs pouch sachet tub box
boxes bottle bottles jar tin can bag refill carton bundle multipack each dozen assorted case tube packet
mix mixes lid handle saver
"""

_AUDIENCE_AND_STYLE = """
men man women woman boy girl kid child children baby babies infant toddler unisex adult junior lady
ladies gents mens womens boys girls kids homme femme herren damen kinder hombre mujer printed print
flavour flavours flavor flavors flavoured flavored
solid striped checkered self design round neck fit sleeve casual type style model ready night day colour
"""

_MATERIALS = """
stainless steel aluminium aluminum iron brass metal alloy plastic pvc melamine silicone acrylic ceramic
porcelain glass wood wooden bamboo cotton polyester linen leather rubber rexine fabric anodised nonstick
"""

_SMALL_WORDS = """
a an and the of for with without in on to from by at or as per your our my his her its this that is are
be no not only de du des la le les et en pour avec sans un une d l mit und für ohne der die das aus von
con sin para por el los las y e di da il w n x plus s t
"""

_ASIDES = "for with without w in fits compatible mit für ohne pour avec sans con sin para per"

_UNCOUNTED = """
aloe aluminium apparel artwork atta attire bacon baggage balsamic barley basil bedding beef beer beverage
bodywash brass bread broccoli butter cabbage camphor cardamom care cashmere celery cement ceramic chai
champagne cheddar cheese chicken childcare china chinaware cider cinnamon clay cleaning clothing coal
cocoa coconut coffee compost cookware copper corn cosmetic cotton couscous crockery cumin cutlery dairy
dal decor denim detergent diesel dishwash drinkware duct dust electronics engineering entertainment
equipment eyewear fabric fashion felt fenugreek fish fitness flatware flooring flour foam foil food
footcare footwear fruit fuel fun furniture garlic gear ghee gin ginger glass glassware glue gold gps
granola grass gravy grooming gsm guidance hair haircare handwash hardware headwear health help henna
homeware honey hosiery hygiene ice incense info ink insulation jaggery jewellery jewelry juice ketchup
kitchenware knitting knitwear kohl lace lamb laundry lcd leather led lighting linen lingerie lubrication
luggage lumber machinery maintenance make-up makeup masala mayonnaise meat medicine melamine menswear
merchandise milk millet mouthwash mozzarella mud muesli music mustard mutton neckwear networking
nightwear nutrition oatmeal oil outerwear paneer paper parfum parking pasta pepper perfumery petrol
pewter plastic plumbing plywood popcorn pork pottery poultry powder printing produce protection protein
pvc quinoa rainwear ram repair rice rom rubber safety saffron sago salt sand seafood sewing shapewear
shaving shopping silk silver silverware skin skincare sleepwear software spaghetti spf sportswear
stationery steel storage styling sugar sunscreen swimwear tableware tea thread timber tobacco tofu
toilette toothpaste travel turmeric tv underwear upholstery usb vermicelli vinegar vinyl wallpaper ware
wash water wear wellness wheat wifi wine womenswear wood wool workwear yarn yeast yoga yoghurt yogurt
zinc
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split())


COLOURS = _words(_COLOURS)

SIZES = _words(_SIZES + _UNITS)

NAMELESS = COLOURS | SIZES | _words(_PRAISE)
"""Colours, sizes, units and praise: no name contains one."""

HELPERS = _words(_PACKAGING + _AUDIENCE_AND_STYLE)
"""Packaging, audience, style: a name may contain them ("Women's Shirts") but not consist of them."""

FOLLOWED = _words(_AUDIENCE_AND_STYLE)
"""Audience and style: something follows in every name ("Women's Shirts", never "Printed Women's")."""

SMALL_WORDS = _words(_SMALL_WORDS)
"""Words that glue others together: a stretch that could be a name ends before them."""

LINKS = _words("de of à")
"""Small words inside a name that is said so alone: "eau de toilette"."""

ASIDES = _words(_ASIDES)
"""Words after which a title says what the product is for or comes with, not what it is."""

MATERIALS = _words(_MATERIALS)
"""What things are made of: a name may contain it, and is one only where nothing else is said."""

UNCOUNTED = _words(_UNCOUNTED)
"""English words for stuff and trades: a shelf says "Rice" and "Jewellery", never in the plural."""
