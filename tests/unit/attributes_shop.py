"""A made-up catalogue whose brands, colours and goods are known."""

from taxonomy.product import Product, ProductId

BRANDS = tuple(
    first + last
    for first in (
        "Aco",
        "Bir",
        "Ced",
        "Dun",
        "Elo",
        "Fos",
        "Gal",
        "Hew",
        "Ivo",
        "Jun",
        "Kel",
        "Lor",
        "Mav",
        "Nor",
    )
    for last in ("rn", "vix", "dex", "tona", "mark")
)
THINGS = ("shirt", "jacket", "scarf", "kettle", "lamp", "bucket", "chair", "mirror")
COLOURS = ("Black", "White", "Red", "Blue", "Green", "Grey", "Zalmon")
MADE = ("Cotton", "Steel", "Plastic", "Leather", "Wooden")


def product(at: int, title: str, **fields: str) -> Product:
    """A product with an id."""
    return Product(ProductId(str(at)), title, **fields)  # type: ignore[arg-type]


def shop(n: int, *, column: bool, brands: tuple[str, ...] = BRANDS, lead: bool = True) -> list[Product]:
    """Titles such as "Acorn Red shirt with lid 3"; `column` names the brand, `lead` puts it in front."""
    found = []
    for at in range(n):
        brand, thing = brands[at % len(brands)], THINGS[at // 3 % len(THINGS)]
        colour, made = COLOURS[at // 2 % len(COLOURS)], MADE[at // 5 % len(MADE)]
        words = [brand] if lead else []
        words += ["Solid", colour, thing] if at % 2 else [made, thing, "for home", str(at)]
        words += ["in", colour] if at % 3 == 0 else []
        found.append(product(at, " ".join(words), brand=brand if column else ""))
    return found
