"""Words of the English-Spanish grammar with the forms that they take."""

import random
from dataclasses import dataclass

MASCULINE, FEMININE = 0, 1


@dataclass(frozen=True)
class Noun:
    """A noun in both numbers and languages; `kinds`: o is a thing to buy, e one to eat."""

    one: str
    several: str
    uno: str
    varios: str
    gender: int
    kinds: str = ""


@dataclass(frozen=True)
class Adjective:
    """An adjective; Spanish forms: m, m plural, f, f plural."""

    english: str
    forms: tuple[str, str, str, str]


@dataclass(frozen=True)
class Verb:
    """A verb: English forms go, goes, went; Spanish ones by tense and person (I, we, it, they)."""

    base: str
    third: str
    past: str
    tenses: dict[str, tuple[str, str, str, str]]
    takes: str = ""

    def english(self, tense: str, person: int, rng: random.Random) -> tuple[str, str]:
        """The verb said and denied."""
        if tense == "present":
            does = "does" if person == 2 else "do"
            return (self.third if person == 2 else self.base), f"{does} not {self.base}"
        if tense == "past":
            return self.past, f"did not {self.base}"
        return f"will {self.base}", f"will not {self.base}"

    def spanish(self, tense: str, person: int) -> str:
        return self.tenses[tense][person]


def _noun(line: str) -> Noun:
    one, uno, gender, kinds, *odd = line.split("|")
    english = odd[0] if odd and odd[0] else f"{one}s"
    spanish = odd[1] if len(odd) > 1 else f"{uno}s" if uno[-1] in "aeiouáéó" else f"{uno}es"
    return Noun(one, english, uno, spanish, "mf".index(gender), kinds)


def _adjective(line: str) -> Adjective:
    english, masculine, *odd = line.split("|")
    if odd:
        return Adjective(english, (masculine, odd[0], masculine, odd[0]))
    stem = masculine[:-1]
    return Adjective(english, (masculine, f"{stem}os", f"{stem}a", f"{stem}as"))


ENDINGS = {
    "ar": {
        "present": ("o", "amos", "a", "an"),
        "past": ("é", "amos", "ó", "aron"),
        "future": ("aré", "aremos", "ará", "arán"),
    },
    "er": {
        "present": ("o", "emos", "e", "en"),
        "past": ("í", "imos", "ió", "ieron"),
        "future": ("eré", "eremos", "erá", "erán"),
    },
    "ir": {
        "present": ("o", "imos", "e", "en"),
        "past": ("í", "imos", "ió", "ieron"),
        "future": ("iré", "iremos", "irá", "irán"),
    },
}


def _verb(line: str) -> Verb:
    """From "base|third|past|infinitive|takes|tense=I,we,it,they ..."; odd tenses are spelled."""
    base, third, past, infinitive, takes, *odd = line.split("|")
    stem, ending = infinitive[:-2], infinitive[-2:]
    tenses = {
        tense: tuple(f"{stem}{end}" for end in ends) for tense, ends in ENDINGS[ending].items()
    }
    tenses |= {part.split("=")[0]: tuple(part.split("=")[1].split(",")) for part in odd}
    return Verb(base, third, past, tenses, takes)  # type: ignore[arg-type]


BEINGS = tuple(
    map(
        _noun,
        (
            "boy|niño|m|", "girl|niña|f|", "woman|mujer|f||women", "man|hombre|m||men",
            "teacher|maestra|f|", "doctor|médico|m|", "farmer|granjero|m|", "friend|amigo|m|",
            "sister|hermana|f|", "brother|hermano|m|", "mother|madre|f|", "father|padre|m|",
            "queen|reina|f|", "king|rey|m||kings|reyes",
            "cat|gato|m|", "dog|perro|m|", "horse|caballo|m|", "bird|pájaro|m|", "cow|vaca|f|",
            "duck|pato|m|", "rabbit|conejo|m|", "frog|rana|f|",
        ),
    )
)  # fmt: skip
THINGS = tuple(
    map(
        _noun,
        (
            "apple|manzana|f|eo", "orange|naranja|f|eo", "egg|huevo|m|eo", "cake|pastel|m|eo",
            "pear|pera|f|eo", "book|libro|m|o", "letter|carta|f|o",
            "newspaper|periódico|m|o", "key|llave|f|o", "house|casa|f|o", "flower|flor|f|o",
            "table|mesa|f|o", "chair|silla|f|o", "car|coche|m|o", "boat|barco|m|o",
            "hat|sombrero|m|o", "ball|pelota|f|o", "cup|taza|f|o", "clock|reloj|m|o",
            "shirt|camisa|f|o", "shoe|zapato|m|o", "lamp|lámpara|f|o",
        ),
    )
)  # fmt: skip
COLOURS = tuple(
    map(
        _adjective,
        (
            "red|rojo", "blue|azul|azules", "green|verde|verdes", "white|blanco", "black|negro",
            "yellow|amarillo", "clean|limpio", "new|nuevo",
        ),
    )
)  # fmt: skip
LOOKS = tuple(
    map(
        _adjective,
        (
            "small|pequeño", "big|grande|grandes", "old|viejo", "pretty|bonito", "strange|extraño",
            "thin|delgado",
        ),
    )
)  # fmt: skip
FEELINGS = tuple(
    map(
        _adjective,
        ("happy|contento", "tired|cansado", "sad|triste|tristes", "sick|enfermo", "alone|solo"),
    )
)
PERSONS = (
    ("I", "", 0, MASCULINE), ("we", "", 1, MASCULINE), ("he", "él", 2, MASCULINE),
    ("she", "ella", 2, FEMININE), ("they", "ellos", 3, MASCULINE),
)  # fmt: skip
PLACES = (
    ("in the garden", "en el jardín"), ("in the kitchen", "en la cocina"),
    ("at the school", "en la escuela"), ("in the street", "en la calle"),
    ("at the market", "en el mercado"), ("in the forest", "en el bosque"),
    ("on the beach", "en la playa"), ("at the station", "en la estación"),
    ("in the house", "en la casa"), ("near the river", "cerca del río"),
    ("behind the tree", "detrás del árbol"), ("under the bridge", "debajo del puente"),
)  # fmt: skip
WHEN = {
    "present": (("every day", "todos los días"), ("now", "ahora"), ("on Mondays", "los lunes"),
                ("in summer", "en verano")),
    "past": (("yesterday", "ayer"), ("last night", "anoche"), ("on Monday", "el lunes"),
             ("last week", "la semana pasada")),
    "future": (("tomorrow", "mañana"), ("tonight", "esta noche"), ("soon", "pronto"),
               ("next week", "la próxima semana")),
}  # fmt: skip
DOINGS = tuple(
    map(
        _verb,
        (
            "sing|sings|sang|cantar|", "dance|dances|danced|bailar|", "work|works|worked|trabajar|",
            "swim|swims|swam|nadar|", "walk|walks|walked|caminar|", "run|runs|ran|correr|",
            "wait|waits|waited|esperar|", "rest|rests|rested|descansar|",
            "sleep|sleeps|slept|dormir||present=duermo,dormimos,duerme,duermen"
            "|past=dormí,dormimos,durmió,durmieron",
            "play|plays|played|jugar||present=juego,jugamos,juega,juegan"
            "|past=jugué,jugamos,jugó,jugaron",
            "live|lives|lived|vivir|", "cry|cries|cried|llorar|",
        ),
    )
)  # fmt: skip
VERBS = tuple(
    map(
        _verb,
        (
            "buy|buys|bought|comprar|o", "sell|sells|sold|vender|o", "eat|eats|ate|comer|e",
            "draw|draws|drew|dibujar|o",
            "see|sees|saw|ver|o|present=veo,vemos,ve,ven|past=vi,vimos,vio,vieron",
            "want|wants|wanted|querer|o|present=quiero,queremos,quiere,quieren"
            "|past=quise,quisimos,quiso,quisieron|future=querré,querremos,querrá,querrán",
            "find|finds|found|encontrar|o|present=encuentro,encontramos,encuentra,encuentran",
            "carry|carries|carried|llevar|o", "paint|paints|painted|pintar|o",
            "break|breaks|broke|romper|o", "look for|looks for|looked for|buscar|o"
            "|past=busqué,buscamos,buscó,buscaron",
            "wash|washes|washed|lavar|o", "clean|cleans|cleaned|limpiar|o",
        ),
    )
)  # fmt: skip
PHRASES = (
    ("Good morning.", "Buenos días."), ("Good night.", "Buenas noches."), ("Hello!", "¡Hola!"),
    ("Thank you.", "Gracias."), ("Please.", "Por favor."), ("Yes.", "Sí."), ("No.", "No."),
    ("How are you?", "¿Cómo estás?"), ("What is your name?", "¿Cómo te llamas?"),
    ("Where are you?", "¿Dónde estás?"), ("See you tomorrow.", "Hasta mañana."),
    ("I do not know.", "No lo sé."), ("I am happy.", "Estoy contento."),
    ("I am tired.", "Estoy cansado."), ("It is late.", "Es tarde."),
    ("I love you.", "Te quiero."), ("Goodbye.", "Adiós."), ("What time is it?", "¿Qué hora es?"),
)  # fmt: skip
