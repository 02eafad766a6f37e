"""Which column of an imported file is which, from the names people and other programs give their columns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class ImportRefused(Exception):
    """The file as a whole cannot be imported. Nothing was written; the text says what to do."""


class ColumnField(StrEnum):
    """What a column holds. The values appear in forms and in JSON."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    MEMBER = "member"
    CODE = "code"
    STARTS_AT = "starts_at"
    ENDS_AT = "ends_at"
    COUNTRY = "country"
    TAGS = "tags"
    GROUPS = "groups"
    HANDLE = "handle"
    INSTAGRAM = "instagram"
    TIKTOK = "tiktok"
    YOUTUBE = "youtube"
    FACEBOOK = "facebook"
    X = "x"
    TWITCH = "twitch"
    PINTEREST = "pinterest"
    SNAPCHAT = "snapchat"
    LINKEDIN = "linkedin"

    @property
    def label(self) -> str:
        """What a person reads."""
        return _LABELS[self]


class ImportPurpose(StrEnum):
    """What a file is imported as."""

    MEMBERS = "members"
    CODES = "codes"


_LABELS = {
    ColumnField.NAME: "Full name", ColumnField.FIRST_NAME: "First name", ColumnField.LAST_NAME: "Last name",
    ColumnField.EMAIL: "E-mail", ColumnField.MEMBER: "Member (e-mail or handle)", ColumnField.CODE: "Code",
    ColumnField.STARTS_AT: "Starts", ColumnField.ENDS_AT: "Ends",
    ColumnField.COUNTRY: "Country", ColumnField.TAGS: "Tags", ColumnField.GROUPS: "Groups",
    ColumnField.HANDLE: "Handle (any network)", ColumnField.INSTAGRAM: "Instagram", ColumnField.TIKTOK: "TikTok",
    ColumnField.YOUTUBE: "YouTube", ColumnField.FACEBOOK: "Facebook", ColumnField.X: "X (Twitter)",
    ColumnField.TWITCH: "Twitch", ColumnField.PINTEREST: "Pinterest", ColumnField.SNAPCHAT: "Snapchat",
    ColumnField.LINKEDIN: "LinkedIn",
}  # fmt: skip

NETWORKS = (
    ColumnField.INSTAGRAM, ColumnField.TIKTOK, ColumnField.YOUTUBE, ColumnField.FACEBOOK, ColumnField.X,
    ColumnField.TWITCH, ColumnField.PINTEREST, ColumnField.SNAPCHAT, ColumnField.LINKEDIN,
)  # fmt: skip
HANDLE_FIELDS = (ColumnField.HANDLE, *NETWORKS)
_WHO = (ColumnField.EMAIL, ColumnField.MEMBER, *HANDLE_FIELDS)
_OF_A_CODE = (ColumnField.CODE, ColumnField.STARTS_AT, ColumnField.ENDS_AT)
FIELDS_FOR: dict[ImportPurpose, tuple[ColumnField, ...]] = {
    ImportPurpose.MEMBERS: tuple(field for field in ColumnField if field not in _OF_A_CODE),
    ImportPurpose.CODES: (*_OF_A_CODE, *_WHO),
}

# For each field, names of columns, the surest first. Folded as `_folded` folds a header.
_SYNONYMS: dict[ColumnField, tuple[str, ...]] = {
    ColumnField.NAME: ("full name", "name", "display name", "nom complet", "nombre completo", "vollstandiger name"),
    ColumnField.FIRST_NAME: ("first name", "firstname", "first", "given name", "forename", "fname", "vorname", "prenom",
                             "nombre", "voornaam", "nome"),
    ColumnField.LAST_NAME: ("last name", "lastname", "last", "surname", "family name", "lname", "nachname", "nom",
                            "nom de famille", "apellido", "apellidos", "achternaam", "cognome"),
    ColumnField.EMAIL: ("email", "e mail", "email address", "e mail address", "mail", "emailadresse", "e mail adresse",
                        "adresse email", "adresse e mail", "courriel", "correo", "correo electronico", "e mailadres",
                        "primary email", "paypal email"),
    ColumnField.MEMBER: ("member", "creator", "affiliate", "influencer", "ambassador", "partner", "e mail or handle",
                         "email or handle"),
    ColumnField.CODE: ("code", "promo code", "promocode", "discount code", "coupon code", "coupon", "voucher",
                       "voucher code", "promo", "discount", "codes", "code text", "gutscheincode", "rabattcode",
                       "gutschein", "code promo", "codigo", "codigo de descuento", "kortingscode", "codice sconto"),
    ColumnField.STARTS_AT: ("starts at", "start date", "starts", "start", "start at", "valid from", "active from",
                            "startdatum", "beginn", "date de debut", "fecha de inicio"),
    ColumnField.ENDS_AT: ("ends at", "end date", "ends", "end", "end at", "expires at", "expires", "expiry date",
                          "expiration date", "expiry", "valid until", "valid to", "enddatum", "ablaufdatum",
                          "date de fin", "fecha de fin"),
    ColumnField.COUNTRY: ("country code", "default address country code", "address country code", "country iso",
                          "country", "default address country", "address country", "land", "pays", "pais", "paese"),
    ColumnField.TAGS: ("tags", "tag", "labels", "label", "etiketten", "etiquetas", "etiquettes"),
    ColumnField.GROUPS: ("groups", "group", "segments", "segment", "lists", "list", "gruppen", "gruppe", "groupes",
                         "groupe", "grupos", "grupo"),
    ColumnField.HANDLE: ("handle", "social handle", "username", "user name", "social media handle", "social", "handles",
                         "nickname", "social username", "benutzername"),
}  # fmt: skip
_NETWORK_WORDS = {
    "instagram": ColumnField.INSTAGRAM, "insta": ColumnField.INSTAGRAM, "ig": ColumnField.INSTAGRAM,
    "tiktok": ColumnField.TIKTOK, "tik tok": ColumnField.TIKTOK, "youtube": ColumnField.YOUTUBE,
    "you tube": ColumnField.YOUTUBE, "yt": ColumnField.YOUTUBE, "facebook": ColumnField.FACEBOOK,
    "fb": ColumnField.FACEBOOK, "twitter": ColumnField.X, "x": ColumnField.X, "x twitter": ColumnField.X,
    "twitter x": ColumnField.X, "twitch": ColumnField.TWITCH, "pinterest": ColumnField.PINTEREST,
    "snapchat": ColumnField.SNAPCHAT, "linkedin": ColumnField.LINKEDIN, "linked in": ColumnField.LINKEDIN,
}  # fmt: skip
# "Creator email" is an e-mail; "Instagram followers" is not a handle, so only these words are taken off.
_QUALIFIERS = {"creator", "member", "affiliate", "influencer", "ambassador", "partner", "customer", "contact", "your",
               "the", "creators", "members", "affiliates", "user", "person", "talent"}  # fmt: skip
_HANDLE_WORDS = {"handle", "username", "user", "name", "profile", "url", "link", "account", "page", "channel", "id",
                 "social"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns of a file, in order, and what each holds (None: nothing that is imported)."""

    columns: tuple[str, ...]
    fields: tuple[ColumnField | None, ...]

    def position(self, field: ColumnField) -> int | None:
        """Where the field stands in a row; None when no column holds it."""
        return self.fields.index(field) if field in self.fields else None

    @property
    def ignored(self) -> tuple[str, ...]:
        """The columns that are not imported, by name."""
        return tuple(name for name, field in zip(self.columns, self.fields, strict=True) if field is None)

    def to_json(self) -> dict[str, str]:
        """Column name → field, for the columns that are imported."""
        pairs = zip(self.columns, self.fields, strict=True)
        return {name: str(field) for name, field in pairs if field is not None}


def guess_columns(columns: Sequence[str], purpose: ImportPurpose) -> ColumnMapping:
    """What each column most likely holds. Each field is taken once, by its surest name."""
    wanted = set(FIELDS_FOR[purpose])
    best: dict[ColumnField, tuple[int, int]] = {}
    for place, name in enumerate(columns):
        for field, surety in _readings(name):
            if field in wanted and (surety, place) < best.get(field, (1_000, 0)):
                best[field] = (surety, place)
    fields: list[ColumnField | None] = [None] * len(columns)
    for field, (_, place) in best.items():
        fields[place] = field
    return ColumnMapping(tuple(columns), tuple(fields))


def chosen_columns(columns: Sequence[str], choices: Mapping[int, str], purpose: ImportPurpose) -> ColumnMapping:
    """The mapping a person chose: place of the column → field, or empty. Raises ImportRefused."""
    fields = [_chosen(choices.get(place, ""), purpose) for place in range(len(columns))]
    for field in FIELDS_FOR[purpose]:
        if fields.count(field) > 1:
            names = [columns[place] for place, held in enumerate(fields) if held == field]
            raise ImportRefused(f"{field.label} is chosen for {_listed(names)}. Choose it for one column only.")
    return ColumnMapping(tuple(columns), tuple(fields))


def mapping_for(columns: Sequence[str], purpose: ImportPurpose, mapping: ColumnMapping | None) -> ColumnMapping:
    """`mapping` where it fits the file, else the guess. Raises ImportRefused when what is needed is missing."""
    if mapping is not None and mapping.columns != tuple(columns):
        raise ImportRefused("The file's columns are not those that were mapped. Map its columns again.")
    settled = mapping or guess_columns(columns, purpose)
    missing = missing_columns(settled, purpose)
    if missing:
        raise ImportRefused(missing)
    return settled


def missing_columns(mapping: ColumnMapping, purpose: ImportPurpose) -> str:
    """What the file lacks, as a sentence; empty when it has what is needed."""
    lacks = []
    if not any(field in mapping.fields for field in _WHO):
        lacks.append("an e-mail or a social handle of the member")
    if purpose == ImportPurpose.CODES and ColumnField.CODE not in mapping.fields:
        lacks.append("the code")
    if not lacks:
        return ""
    found = _listed(mapping.columns)
    return f"No column holds {' and none holds '.join(lacks)}. Columns found: {found}. Rename or map one of them."


def _chosen(value: str, purpose: ImportPurpose) -> ColumnField | None:
    if not value:
        return None
    if value not in {str(field) for field in FIELDS_FOR[purpose]}:
        raise ImportRefused(f"“{value}” is not something a column can hold here. Choose from the list.")
    return ColumnField(value)


def _listed(names: Iterable[str]) -> str:
    """The first names, quoted: a file with 300 columns must not fill the screen."""
    shown = list(names)
    quoted = ", ".join(f"“{name}”" for name in shown[:12])
    more = len(shown) - 12
    return f"{quoted} and {more} more" if more > 0 else quoted or "none"


def _readings(name: str) -> list[tuple[ColumnField, int]]:
    """What a column of this name may hold, with how sure its name makes it (lower is surer)."""
    whole = _folded(name)
    bare = _without_qualifiers(whole)
    found = []
    for field, names in _SYNONYMS.items():
        if whole in names:
            found.append((field, names.index(whole)))
        elif bare in names:
            found.append((field, 100 + names.index(bare)))
    network = _network_in(bare)
    if network is not None:
        found.append((network, len(bare)))
    return found


def _network_in(bare: str) -> ColumnField | None:
    words = [word for word in bare.split() if word not in _HANDLE_WORDS]
    return _NETWORK_WORDS.get(" ".join(words))


def _without_qualifiers(folded: str) -> str:
    words = [word for word in folded.split() if word not in _QUALIFIERS]
    return " ".join(words)


def _folded(name: str) -> str:
    """Lower case, no accents, words apart: "E-Mail Adresse", "first_name" and "firstName" read alike."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced.replace("ß", "ss").replace("@", " handle "))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", letters.casefold()))
