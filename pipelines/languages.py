"""Languages by name, by code, and by the tokens that translation models have for them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pipelines.errors import InputError

# Name | ISO 639-1 | ISO 639-3 (what NLLB and Marian write).
TABLE = """
Afrikaans af afr|Albanian sq als,sqi|Amharic am amh|Arabic ar arb,ara|Armenian hy hye
Assamese as asm|Asturian ast ast|Azerbaijani az azj,aze|Bashkir ba bak|Basque eu eus
Belarusian be bel|Bengali bn ben|Bosnian bs bos|Breton br bre|Bulgarian bg bul|Burmese my mya
Catalan ca cat|Cebuano ceb ceb|Chinese zh zho,cmn|Croatian hr hrv|Czech cs ces|Danish da dan
Dutch nl nld|English en eng|Esperanto eo epo|Estonian et est,ekk|Filipino fil fil|Finnish fi fin
French fr fra|Frisian fy fry|Fulah ff fuv,ful|Galician gl glg|Ganda lg lug|Georgian ka kat
German de deu|Greek el ell|Guarani gn grn|Gujarati gu guj|Haitian ht hat|Hausa ha hau
Hebrew he heb|Hindi hi hin|Hungarian hu hun|Icelandic is isl|Igbo ig ibo|Iloko ilo ilo
Indonesian id ind|Irish ga gle|Italian it ita|Japanese ja jpn|Javanese jv jav|Kannada kn kan
Kazakh kk kaz|Khmer km khm|Kinyarwanda rw kin|Korean ko kor|Kyrgyz ky kir|Lao lo lao
Latvian lv lvs,lav|Lingala ln lin|Lithuanian lt lit|Luxembourgish lb ltz|Macedonian mk mkd
Malagasy mg plt,mlg|Malay ms zsm,msa|Malayalam ml mal|Maltese mt mlt|Maori mi mri|Marathi mr mar
Mongolian mn khk,mon|Nepali ne npi,nep|Norwegian no nob,nor|Occitan oc oci|Odia or ory,ori
Pashto ps pbt,pus|Persian fa pes,fas|Polish pl pol|Portuguese pt por|Punjabi pa pan
Quechua qu quy,que|Romanian ro ron|Russian ru rus|Samoan sm smo|Sanskrit sa san
Scottish_Gaelic gd gla|Serbian sr srp|Shona sn sna|Sindhi sd snd|Sinhala si sin|Slovak sk slk
Slovenian sl slv|Somali so som|Sotho st sot|Spanish es spa|Sundanese su sun|Swahili sw swh,swa
Swati ss ssw|Swedish sv swe|Tagalog tl tgl|Tajik tg tgk|Tamil ta tam|Tatar tt tat|Telugu te tel
Thai th tha|Tigrinya ti tir|Tsonga ts tso|Tswana tn tsn|Turkish tr tur|Turkmen tk tuk
Ukrainian uk ukr|Urdu ur urd|Uyghur ug uig|Uzbek uz uzn,uzb|Vietnamese vi vie|Welsh cy cym
Wolof wo wol|Xhosa xh xho|Yiddish yi ydd,yid|Yoruba yo yor|Zulu zu zul
"""
TOKENS = (
    re.compile(r"[a-z]{3}_[A-Z][a-z]{3}"),  # NLLB: fra_Latn
    re.compile(r"[a-z]{2}_[A-Z]{2}"),  # mBART: fr_XX
    re.compile(r"__[a-z]{2,3}__"),  # M2M100: __fr__
    re.compile(r">>[a-z]{2,3}(?:_[A-Za-z]+)?<<"),  # Marian, in front of the text
    re.compile(r"<2[a-z]{2,3}(?:_[A-Za-z]+)?>"),  # MADLAD, in front of the text
)
IN_THE_TEXT = re.compile(r">>.*<<|<2.*>")
"""Tokens that are written in front of the text and say into which language it goes."""
ASKED = re.compile(r"[A-Za-z][A-Za-z_ ]{1,24}")
"""What a request may call a language."""
SHOWN = 6


def _rows() -> list[tuple[str, str, list[str]]]:
    rows = (row.split() for line in TABLE.split("\n") for row in line.split("|") if row)
    return [(name.replace("_", " "), code, codes.split(",")) for name, code, codes in rows]


NAMES: dict[str, str] = {code: name for name, code, _ in _rows()}
"""Language by ISO 639-1 code (639-3 where there is no shorter one)."""
LANGUAGES: tuple[str, ...] = tuple(NAMES.values())


@cache
def _codes() -> dict[str, str]:
    """ISO 639-1 code by lower-case name and by every code."""
    found: dict[str, str] = {}
    for name, code, longer in _rows():
        found |= dict.fromkeys((name.lower(), code, *longer), code)
    return found


def code_of(written: str) -> str:
    """ISO code of a language by its name, a code or a model's token; "" if it is none of these."""
    bare = written.strip().strip("<>_").removeprefix("2")
    return _codes().get(bare.lower()) or _codes().get(bare.partition("_")[0].lower(), "")


def name_of(written: str) -> str:
    """The language's English name; what is written where it is not known."""
    return NAMES.get(code_of(written), written)


def token_for(field: str, asked: str, tokens: tuple[str, ...], model: str) -> str:
    """The model's own token for a language; raises InputError naming some that it has."""
    same = [token for token in tokens if asked.lower() == token.strip("<>_").lower()]
    code = code_of(asked)
    same += [token for token in tokens if code and code_of(token) == code]
    if not same:
        raise InputError(field, f"cannot be {name_of(asked)}: {known(tokens, model)}")
    return same[0]


def known(tokens: tuple[str, ...], model: str) -> str:
    """A sentence on the languages that a model has."""
    names = sorted({name_of(token.strip("<>_").removeprefix("2")) for token in tokens})
    usual = [
        name for name in ("English", "Spanish", "French", "German", "Chinese") if name in names
    ]
    shown = list(dict.fromkeys([*usual, *names]))[:SHOWN]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{model} knows {', '.join(shown)}{more}."


def languages_of(tokenizer: Any) -> tuple[str, ...]:
    """The tokens of a tokenizer that stand for languages, of the first form that it has."""
    words = tokenizer.get_vocab() if tokenizer is not None else ()
    for form in TOKENS:
        found = sorted(word for word in words if form.fullmatch(word))
        if len(found) > 1:
            return tuple(found)
    return ()
