"""The English of questions over tables, as data: what words ask for, whatever the schema.

Only general words stand here, none of one database. Phrases are keyed by their words in lower case.
A word that is neither here, nor harmless, nor of the schema makes the analyst ask.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Sign(msgspec.Struct, frozen=True):
    """What a phrase of the grammar asks for; ``arg`` says which of its kind."""

    kind: str
    arg: str = ""


_PHRASES: Final = {
    ("count", ""): "how many|number of|total number of|the number of|count of|count|amount of|total count of",
    ("much", ""): "how much",
    ("how", ""): "how",
    ("than", ""): "than",
    ("more", "more"): "more",
    ("more", "less"): "less",
    ("agg", "sum"): "total|sum of|sum|combined|total sum of|total of|total amount of|summed|aggregate|cumulative",
    ("agg", "avg"): "average|mean|avg|average of|mean of|on average|typical",
    ("agg", "max"): "maximum|max|maximal|maximum of|largest value of|highest value of",
    ("agg", "min"): "minimum|min|minimal|minimum of|smallest value of|lowest value of",
    ("distinct", ""): "distinct|different|unique|number of distinct|number of different|number of unique",
    ("group", ""): "per|for each|for every|in each|in every|of each|of every|by each|each|every|grouped by|group by"
    "|broken down by|split by|across|by every|to each|from each|with each|at each|on each|has each|aggregated by",
    ("by", ""): "by",
    ("most", "most"): "most|the most|highest number of|largest number of|greatest number of|biggest number of"
    "|highest amount of|maximum number of|highest count of",
    ("most", "fewest"): "fewest|least|the fewest|the least|lowest number of|smallest number of|minimum number of",
    ("top", "most"): "top|best",
    ("top", "fewest"): "bottom|worst",
    (
        "without",
        "",
    ): "without|without any|with no|with zero|lacking|that lack|who lack|that have no|who have no|has no|have no"
    "|had no|having no|having zero|have zero|no|with out|have not any",
    ("not", ""): "not|never|don't|doesn't|didn't|haven't|hasn't|hadn't|isn't|aren't|wasn't|weren't|cannot|can't"
    "|dont|doesnt|didnt|havent|isnt|arent",
    ("except", ""): "except|excluding|other than|outside|outside of|but not|except for|apart from|not in|not from",
    ("cmp", ">"): "more than|greater than|larger than|higher than|bigger than|over|above|exceeding|exceeds|exceed|>"
    "|is over|is above|beyond",
    ("cmp", ">="): "at least|no less than|not less than|no fewer than|greater than or equal to|more than or equal to"
    "|minimum of|a minimum of|>=",
    ("cmp", "<"): "less than|fewer than|lower than|smaller than|under|below|<",
    ("cmp", "<="): "at most|no more than|not more than|up to|less than or equal to|maximum of|a maximum of|<=",
    ("cmp", "="): "exactly|equal to|equals|equal|=",
    ("cmp", "<>"): "not equal to|!=|different from",
    ("between", ""): "between",
    ("after", ""): "after|later than",
    ("before", ""): "before|earlier than|prior to",
    ("after", "="): "since|starting|starting in|from",
    ("order", ""): "ordered by|sorted by|order by|sort by|ranked by|in order of|sort them by|order them by",
    ("desc", ""): "descending|in descending order|desc|from highest to lowest|highest first|largest first|decreasing"
    "|from most to least",
    ("asc", ""): "ascending|in ascending order|asc|from lowest to highest|lowest first|alphabetically|increasing"
    "|in alphabetical order",
    ("and", ""): "and|as well as|&|,|and also|together with|along with|and their|with their|and its",
    ("or", ""): "or",
    ("prep", "in"): "in|within|inside|at|on|located in|based in|living in|that live in|who live in|situated in|live in"
    "|lives in|are in|is in|lie in|lies in|found in|through|via",
    ("prep", "of"): "of|belonging to|in the|that belong to",
    ("prep", "for"): "for|to|into|towards",
    ("prep", "from"): "from|coming from",
    ("prep", "with"): "with|having|that have|who have|that has|who has|which have|which has|whose|where|when|that had"
    "|who had|have|has|had|containing|contains|contain|including|includes|include|featuring",
    ("in stock", ""): "in stock",
    ("out of stock", ""): "out of stock|sold out",
    ("named", ""): "named|called|titled|with the name|with name|whose name is",
    ("contains", ""): "whose name contains|containing the word|contains the word|with the word|name contains",
    ("starts", ""): "starting with|starts with|start with|beginning with|begins with|whose name starts with"
    "|whose name begins with",
    ("all", ""): "all|any|some|all the|all of the|entire|whole|complete|full|ever|at all|in total|in all|altogether",
    ("relative", ""): "that|who|which|whom",
    ("aux", ""): "did|does|do|was|were|is|are",
    ("mark", ""): "?|.|!|:|(|)|–|$|€|£",
    ("grain", "year"): "year|years|yearly|annual|annually|calendar year|year by year",
    ("grain", "quarter"): "quarter|quarters|quarterly",
    ("grain", "month"): "month|months|monthly|calendar month|month by month",
    ("grain", "week"): "week|weeks|weekly|week by week",
    ("grain", "day"): "day|days|daily|day by day|date",
    ("over time", ""): "over time|trend|by date",
    ("unit", ""): "minutes|minute|seconds|hours|hour|min|mins|sec|secs",
    ("event", "buy"): "buy|bought|buys|purchase|purchased|purchases|purchasing|sell|sold|selling|sells|ordered|ordering"
    "|order|shop",
    ("spend", ""): "spend|spent|spending|spends|earn|earned|generated|generate|brought in|made in sales",
    (
        "order value",
        "",
    ): "order value|order values|basket value|basket size|value of an order|value per order|cart value",
    ("best seller", ""): "best selling|bestselling|best-selling|top selling|top-selling|sold best|sell best|sells best",
    (
        "revenue",
        "",
    ): "revenue|revenues|sales|sale|turnover|income|sales revenue|sales value|gross sales|takings|by value"
    "|sales amount|total sales|value of sales|money|earnings|net sales|net revenue|sales volume in money",
}

SIGNS: Final = {
    tuple(phrase.split(" ")): Sign(kind, arg)
    for (kind, arg), text in _PHRASES.items()
    for phrase in text.split("|")
    if phrase
} | {("|",): Sign("mark")}

VERBS: Final = frozenset(
    word
    for word in """located situated based living lives live come comes came belong belongs placed made received
    registered exist exists appear appears stored recorded held go goes place make receive get gets got use used
    involved associated related connected linked corresponding respective existing available currently issued
    written work works worked employed handled handle produced produce supplied supply supplies provided
    delivered deliver serve serves serving served offered offer sent ordered bought sold shipped taken take
    published released support supports
    supported stocked carry carries hold holds run runs flow flows lie lies""".split()  # noqa: SIM905
)
"""Verbs that only say that two things belong together; the keys say how. Where one is also a word of
the schema ("shipped" and a ship date), it is read as that first."""


class Quality(msgspec.Struct, frozen=True):
    """An adjective: which columns it may measure, best first, and whether more of it is larger."""

    words: tuple[str, ...]
    largest: bool


def _qualities() -> dict[str, Quality]:
    """Comparative and superlative forms of adjectives."""
    table = (
        ("long longer longest|short shorter shortest", "length duration milliseconds seconds minutes distance"),
        (
            "big bigger biggest large larger largest greatest|small smaller smallest",
            "size area population bytes total amount",
        ),
        ("high higher highest tall taller tallest|low lower lowest", "height altitude elevation"),
        ("expensive costly pricey|cheap cheaper cheapest", "price cost fare"),
        ("heavy heavier heaviest|light lighter lightest", "weight mass"),
        ("fast faster fastest quick|slow slower slowest", "speed velocity"),
        ("populous populated|", "population"),
        ("dense densest denser|", "density"),
        ("wide wider widest|narrow narrower narrowest", "width span"),
        ("young younger youngest|old older oldest", "birth born birthday"),
        ("recent newest latest newer|earliest older", "date year created published"),
        ("rated|", "rating score stars"),
    )
    found = {}
    for forms, columns in table:
        for side, largest in zip(forms.split("|"), (True, False), strict=True):
            for form in side.split():
                found[form] = Quality(tuple(columns.split()), largest)
    return found


QUALITIES: Final = _qualities()

TABLE_SYNONYMS: Final = (
    ("customer", "client", "buyer", "shopper", "consumer"),
    ("employee", "salesperson", "staff member", "worker", "sales rep", "sales representative", "seller"),
    ("product", "item", "article", "good"),
    ("order", "purchase"),
    ("track", "song"),
    ("supplier", "vendor"),
    ("shipper", "carrier", "shipping company"),
    ("artist", "band", "musician"),
    ("invoice", "bill"),
    ("category", "product category"),
    ("paper", "publication"),
    ("company", "firm"),
)
"""Words that mean the same table, where the schema has only one of them."""

COLUMN_SYNONYMS: Final = (
    ("price", "cost"),
    ("country", "nation"),
    ("phone", "telephone", "phone number"),
    ("freight", "shipping cost", "freight cost"),
    ("population", "people", "inhabitant", "resident", "citizen"),
    ("area", "size"),
    ("altitude", "height", "elevation"),
    ("milliseconds", "duration", "length", "playing time"),
    ("bytes", "file size"),
    ("email", "mail address", "e-mail"),
    ("units in stock", "stock", "inventory", "stock level"),
    ("hire date", "hiring date"),
    ("birth date", "birthday", "date of birth"),
    ("quantity", "unit", "quantity sold", "units sold"),
    ("state", "province"),
    ("zip", "postal code", "zip code", "postcode"),
    ("title", "job title"),
)
"""Words that mean the same column, where a table has only one of them."""

VERB_COLUMNS: Final = {
    "hired": "hire", "born": "birth", "shipped": "shipped", "required": "required", "delivered": "delivered",
    "created": "created", "updated": "updated", "published": "published", "released": "release",
    "ordered": "order", "placed": "order", "invoiced": "invoice", "paid": "paid", "opened": "open",
}  # fmt: skip
"""Participles and the word that the date column they speak of has in its name."""

EVENT_TABLES: Final = ("order", "sale", "invoice", "purchase", "transaction", "receipt")
"""Words of the tables in which buying and selling is kept."""

PRICE, QUANTITY, DISCOUNT = ("unit price", "price", "unit cost"), ("quantity", "qty"), ("discount",)
"""Names of the columns that make up an amount."""

SECRET: Final = (
    "password", "passwd", "pwd", "passphrase", "secret", "token", "hash", "salt", "ssn", "social security",
    "card number", "credit card", "creditcard", "cardnumber", "cvv", "cvc", "iban", "pin", "api key", "apikey",
    "private key", "credential", "credentials", "security answer", "national insurance", "passport",
)  # fmt: skip
"""Words of column names whose values are never read nor shown, and which no question gets an answer about."""

MILLISECONDS: Final = {
    "millisecond": 1,
    "second": 1000,
    "sec": 1000,
    "minute": 60_000,
    "min": 60_000,
    "hour": 3_600_000,
}
"""Units of duration, in which a number may be given for a column that is named after another of them."""

NAMES: Final = ("name", "title", "full name", "label", "company name", "display name", "description")
"""Columns that people know a row by, best first."""
