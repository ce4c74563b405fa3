"""Colours and materials in the commoner languages of catalogues, and where they stand in a text.

Written for this project. Words separated by commas or lines are values, and of several spellings
of a value (separated by `|`) the first is the one given. A `?` marks what is more often something else (a
fruit, a flower, a window), so that the catalogue must confirm it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.attributes.attribute import Attribute, Means, Name
from ingest.attributes.tokens import Key, Words, key_of, matches, openers

__all__ = ["Lexicon", "Meaning", "seeds"]

_COLOURS = """
black, white, grey|gray, silver?, gold?|golden, red, maroon, burgundy, pink, fuchsia, magenta, purple
violet?, lilac?, lavender?, blue, navy blue|navy, sky blue, royal blue, dark blue, light blue, teal
turquoise, cyan, aqua?, green, dark green, light green, olive green, olive?, lime?, khaki, yellow, mustard?
orange?, peach?, coral?, brown, dark brown, light brown, tan?, beige, cream?, ivory?, bronze?, copper?
charcoal?, anthracite, multicolour|multicolor|multicoloured|multicolored|multi-color|multi-colour
transparent, rose gold, off white|off-white, rust?, wine?, indigo?, crimson, champagne?, chrome?, gunmetal
mint green, hot pink, rainbow?
schwarz, weiß|weiss, grau, silbern, rot, rosa, lila, blau, hellblau, dunkelblau, grün, dunkelgrün, hellgrün
gelb, braun, türkis, anthrazit, bunt, mehrfarbig
noir|noire, blanc|blanche, gris|grise, rouge, bleu|bleue, vert|verte, jaune, marron?, doré|dorée
argenté|argentée, rose?, orange?
negro|negra, blanco|blanca, rojo|roja, azul, amarillo|amarilla, verde, morado|morada, marrón, plateado
dorado, naranja?
nero|nera, bianco|bianca, rosso|rossa, azzurro, giallo|gialla, grigio|grigia, marrone, argento?, viola?
preto|preta, branco|branca, vermelho|vermelha, amarelo|amarela, cinza, roxo
zwart, wit, grijs, rood, blauw, groen, geel, bruin, oranje, paars, roze
черный|черная|черные, белый|белая|белые, красный|красная|красные, синий|синяя, зеленый|зеленая
желтый|желтая, серый|серая, розовый|розовая, коричневый
黑色, 白色, 红色, 蓝色, 绿色, 黄色, 灰色, 粉色, 紫色, 银色, 金色, 棕色, 橙色
أسود, أبيض, أحمر, أزرق, أخضر, أصفر
काला, सफेद, लाल, नीला, हरा, पीला
"""

_MATERIALS = """
cotton, organic cotton, polyester, polycotton|poly-cotton, silk, wool|woollen|woolen, cashmere, linen?
denim, viscose, rayon, nylon, spandex, lycra, elastane, chiffon, georgette, velvet?, satin?, fleece?, felt?
jute, canvas?, microfibre|microfiber, leather, faux leather|pu leather, synthetic leather, artificial
leather, genuine leather, suede, rexine, pvc, abs plastic, polypropylene, polycarbonate, acrylic, melamine
silicone|silicon, rubber?, latex, foam?, plastic, steel, stainless steel, carbon steel, cast iron, iron?
aluminium|aluminum, brass, copper?, bronze?, zinc?, alloy, titanium, sterling silver, 925 silver, silver?
gold?, yellow gold, white gold, metal, wood|wooden, solid wood, teak, bamboo, rosewood, sheesham wood
pine?, oak?, mdf, plywood, rattan, glass?, borosilicate glass, crystal?, ceramic, porcelain, bone china
terracotta, clay?, stone?, marble?, granite?, concrete?, paper?, cardboard, resin?, fibreglass|fiberglass
baumwolle, wolle, seide, leinen, leder, kunstleder, edelstahl, stahl, holz, kunststoff, gummi, keramik
porzellan, messing, kupfer, glas?
coton, laine, soie, lin?, cuir, acier, acier inoxydable, bois, plastique, caoutchouc, céramique, porcelaine
laiton, verre?, verre trempé
algodón, lana?, seda, lino?, cuero, piel?, acero, acero inoxidable, madera, plástico, cerámica, latón
vidrio?
cotone, seta, pelle?, acciaio, acciaio inox, legno, plastica, gomma?, ceramica, ottone, vetro?
algodão, couro, madeira, aço, aço inoxidável
katoen, wol, zijde, leer, roestvrij staal, hout, kunststof
хлопок, шерсть, шелк, кожа, сталь, дерево, пластик, стекло, керамика
纯棉, 羊毛, 真丝, 真皮, 不锈钢, 实木, 塑料, 陶瓷, 玻璃, 硅胶, 竹
قطن, جلد, خشب
सूती, चमड़ा, लकड़ी
"""

_PLAIN, _DOUBTFUL, _ONLY = 0.85, 0.45, 0.93
"""Confidence of a word, of one marked `?`, and of a phrase of several words: a choice, not measured."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase is in a catalogue: a colour or a material, and how surely."""

    name: Name
    value: str
    confidence: float
    source: Means = Means.LEXICON


def seeds() -> dict[Key, tuple[Meaning, ...]]:
    """The words written above; copper is a colour and a material.

    >>> seeds()[("gray",)][0].value
    'grey'
    """
    found: dict[Key, tuple[Meaning, ...]] = {}
    for name, text in ((Name.COLOUR, _COLOURS), (Name.MATERIAL, _MATERIALS)):
        for cell in text.replace("\n", ",").split(","):
            spellings = cell.strip().removesuffix("?").replace("?|", "|").split("|")
            for key in filter(None, map(key_of, spellings)):
                plain = _PLAIN if len(key) == 1 or not key[0].isascii() else _ONLY
                meaning = Meaning(name, spellings[0], _DOUBTFUL if "?" in cell else plain)
                if all(one.name is not name for one in found.get(key, ())):
                    found[key] = (*found.get(key, ()), meaning)
    return found


def _confidence(one: Meaning) -> float:
    return one.confidence


class Lexicon:
    """Phrases with a meaning, found in texts.

    Attributes
    ----------
    entries : mapping of phrase to meanings
        At most one for each attribute.
    names : mapping of str to Name
        Single words with the attribute that they surely state.
    """

    def __init__(self, entries: Mapping[Key, tuple[Meaning, ...]]) -> None:
        self.entries = dict(entries)
        self._firsts = openers(self.entries)
        best = {key[0]: max(said, key=_confidence) for key, said in entries.items() if len(key) == 1}
        self.names = {word: one.name for word, one in best.items() if one.confidence >= _PLAIN}

    def find(self, words: Words) -> Iterator[Attribute]:
        """The surest meaning of each phrase that is known, in the order of the text."""
        for first, last, meanings in matches(words, self.entries, self._firsts, gap=1):
            best = max(meanings, key=_confidence)
            start, end = words[first].start, words[last - 1].end
            yield Attribute(best.name, best.value, start, end, best.confidence, best.source)
