"""The rules of every text that people write: form, length, what is found in it, what a host is.

`kinds` is the table of texts, `rules` cleans one, `entities` finds mentions, hashtags and links,
`hosts` decides what a host is, `language` detects the language of a text. The grammar is documented
in docs/text.md.
"""
