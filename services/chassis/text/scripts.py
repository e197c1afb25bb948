"""Classes of characters that the grammar of entities and hosts shares, for the regex module.

Each is a set, or stands in one, and needs `regex.VERSION1`.
"""

# Scripts that write words without spaces between them (UAX 14: ideographs, kana, and the complex
# scripts of South East Asia), and Hangul, whose particles follow a name without a space.
_SPACELESS_SCRIPTS = (
    "Han",
    "Hiragana",
    "Katakana",
    "Bopomofo",
    "Hangul",
    "Yi",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Tibetan",
    "Tai_Le",
    "New_Tai_Lue",
    "Tai_Tham",
    "Tai_Viet",
    "Balinese",
    "Javanese",
    "Cham",
)
# By Script_Extensions, so that a long vowel mark or a voicing mark belongs to kana. Accents that
# other scripts share with Latin belong to Latin.
SPACELESS = (
    "[["
    + "".join(rf"\p{{Script_Extensions={script}}}" for script in _SPACELESS_SCRIPTS)
    + r"]--\p{Script_Extensions=Latin}]"
)
IGNORABLE = r"\p{Default_Ignorable_Code_Point}"
# What joins a mention, hashtag or link to the word beside it, so that it is none.
GLUE = rf"[\w--[{SPACELESS}{IGNORABLE}]]"
