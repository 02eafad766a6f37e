"""Invented creators, as varied as real ones: accents, other scripts, right to left, emoji, very long names.

The same number always gives the same person, and people are made one by one: a million take no memory.
"""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TAGS = (
    "Skincare",
    "Makeup",
    "Haircare",
    "Fragrance",
    "Wellness",
    "Micro",
    "Macro",
    "VIP",
    "Student",
    "Parent",
)
GROUPS = ("Top sellers", "Summer seeding", "Paris event", "TikTok Live", "Alumni", "Waiting for samples")
NETWORKS = ("instagram", "tiktok", "youtube")
_MAILS = ("example.com", "example.org", "example.net", "mail.example", "studio.example")

# (country, weight, first names, last names); "native|latin" where the script is not Latin.
_PLACES: tuple[tuple[str, int, str, str], ...] = (
    ("US", 30, ("Ava Mia Olivia Zoe Harper Nora Maya Jayla Brooklyn Faith "
     "Grace Riley Sasha Kayla Autumn Jordan Tyler Chris Devon Marcus"),
     ("Johnson Williams Brown Davis Miller Wilson Anderson Thomas Jackson Harris "
     "Martin Thompson Robinson Clark Lewis Walker Hall Young King Wright")),
    ("GB", 12, ("Amelia Isla Poppy Freya Florence Imogen Harriet "
     "Tilly Saoirse Callum Rhys Alfie Hamish Beatrix Maisie"),
     ("Smith Jones Taylor Evans Davies O’Connor MacLeod "
     "Campbell Hughes Edwards Whitfield Ashworth Featherstonehaugh Barker Lloyd-Jones")),
    ("FR", 10, "Chloé Zoé Anaïs Éloïse Maëlle Inès Noémie Hélène Agathe Léa Théo Raphaël Benoît Gaël Clémence",
     ("Dubois Lefèvre Moreau Girard Bérénger Rousseau Chevalier "
     "Gauthier LeGoff Marchand Dupré Fournier Delacroix Blanchet Hervé")),
    ("DE", 9, "Jördis Lena Käthe Greta Marlene Björn Jürgen Annika Lotte Mats Frieda Sönke Änne Paula Timo",
     "Müller Schröder Weiß Jäger Köhler Böhm Grünwald Vogt Strauß Löwe Hoffmann Schäfer Brandt Zöllner Kühn"),
    ("ES", 8, "Lucía Sofía Íñigo Begoña Noa Marta Álvaro Julián Nuria Ainhoa Martín Jimena Inés Ramón Candela",
     "García Núñez Muñoz Peña Ibáñez Castaño Echeverría Ortuño Vázquez Márquez Zúñiga Gómez Ruiz Serrano Benítez"),
    ("BR", 8, "João Beatriz Antônia Luísa Thaís Vinícius Letícia Caíque Yasmin Débora Mateus Helô Rafaela Iara Caio",
     ("Gonçalves Araújo Conceição Simões Magalhães Guimarães Brandão "
     "Falcão Teixeira Assunção Moura Sá Leitão Cordeiro Paixão")),
    ("PL", 5, "Łucja Zofia Małgorzata Paweł Żaneta Święta Bartłomiej Agnieszka Jędrzej Hanna",
     "Wójcik Kowalczyk Dąbrowska Zieliński Szczęsna Gołębiowski Brzęczyszczykiewicz Krół Łukasik Ślusarczyk"),
    ("SE", 4, "Åsa Märta Göran Elin Björk Linnéa Sixten Tuva Örjan Malin",
     "Åkesson Lindström Öberg Sjögren Bergqvist Nyström Hägg Ekström Forsström Dahl"),
    ("TR", 4, "Çağla İrem Şevval Gülşen Ömer Büşra Ayşe Oğuz Ülkü Zeynep",
     "Yıldız Öztürk Çelik Şahin Güneş Kılıç Aydın Doğan Işık Koç"),
    ("VN", 4, "Ngọc Thảo Hương Minh Quỳnh Dũng Ánh Yến Phúc Trâm",
     "Nguyễn Trần Lê Phạm Huỳnh Vũ Võ Đặng Bùi Đỗ"),
    ("JP", 4, "さくら|Sakura 陽菜|Hina 結衣|Yui 美咲|Misaki 蓮|Ren 葵|Aoi 翔太|Shota 凛|Rin",
     "佐藤|Sato 鈴木|Suzuki 高橋|Takahashi 田中|Tanaka 渡辺|Watanabe 小林|Kobayashi 中村|Nakamura 山本|Yamamoto"),
    ("KR", 3, "서연|Seoyeon 민준|Minjun 지우|Jiwoo 하은|Haeun 도윤|Doyun 수아|Sua",
     "김|Kim 이|Lee 박|Park 최|Choi 정|Jung 강|Kang"),
    ("AE", 4, "مريم|Maryam فاطمة|Fatima ليلى|Layla نور|Noor يوسف|Yousef هند|Hind سلمى|Salma عمر|Omar",
     "المنصوري|Almansoori الهاشمي|Alhashimi الزعابي|Alzaabi الشامسي|Alshamsi الكعبي|Alkaabi حداد|Haddad"),
    ("IL", 3, "נועה|Noa תמר|Tamar מאיה|Maya איתי|Itai שירה|Shira יעל|Yael",
     "כהן|Cohen לוי|Levi מזרחי|Mizrahi פרץ|Peretz ביטון|Biton אברהם|Avraham"),
    ("GR", 3, "Ελένη|Eleni Δήμητρα|Dimitra Νίκος|Nikos Σοφία|Sofia Κατερίνα|Katerina Γιώργος|Giorgos",
     "Παπαδόπουλος|Papadopoulos Ιωάννου|Ioannou Γεωργίου|Georgiou Δημητρίου|Dimitriou Νικολάου|Nikolaou"),
    ("UA", 3, "Олена|Olena Софія|Sofiia Дарина|Daryna Богдан|Bohdan Соломія|Solomiia Анна|Anna",
     "Шевченко|Shevchenko Коваленко|Kovalenko Бондаренко|Bondarenko Ткаченко|Tkachenko Мельник|Melnyk"),
    ("IN", 5, "Aanya Priya Ishaan Diya Kavya Ananya Rohan Meera Zara Arjun",
     "Sharma Patel Iyer Krishnamurthy Venkataramanan Kapoor Reddy Banerjee Singh Mukherjee"),
    ("NG", 3, "Chidinma Adaeze Oluwaseun Temitope Ngozi Ifeoma Babatunde Folake",
     "Okonkwo Adeyemi Okafor Balogun Eze Oluwadamilola Nwosu Abiodun"),
)  # fmt: skip
# A few names that break layouts, put in at fixed places.
_UNUSUAL = {
    3: ("Zoë ✨", "Glowup 💄", "zoe", "glowup"),
    17: (
        "Maximiliane-Konstantina Theodora", "von Hohenzollern-Sigmaringen und Schwarzenberg-Württemberg",
        "maximiliane", "hohenzollern",
    ),
    29: ("🌸🌸", "", "flower", "girl"),
    41: ("Dr. Aurélie-Joséphine", "de La Rochefoucauld d’Estissac", "aurelie", "rochefoucauld"),
    53: ("X", "Æ", "x", "ae"),
    67: ("محمد عبد الرحمن", "بن عبد العزيز آل سعيد الشرقاوي", "mohammed", "alsharqawi"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """`slug` is the name in a–z with a number where two share it: unique, so handles and codes can be made of it."""

    number: int
    first_name: str
    last_name: str
    slug_first: str
    slug: str
    email: str
    country: str
    handles: tuple[tuple[str, str], ...]
    tags: tuple[int, ...]
    groups: tuple[int, ...]

    @property
    def name_key(self) -> str:
        """The lower-cased full name, by which lists are ordered."""
        return f"{self.first_name} {self.last_name}".strip().lower()

    @property
    def search_text(self) -> str:
        """What a search looks through: name, e-mail, handles."""
        return " ".join([self.name_key, self.email, *(handle for _, handle in self.handles)])


def people(count: int) -> Iterator[Person]:
    """The first `count` people, always the same."""
    chance = random.Random(20_260)  # noqa: S311  invented people, no secret
    seen: Counter[str] = Counter()
    for number in range(count):
        dice = _Dice(chance.getrandbits(64))
        country, firsts, lasts = _TURNS[dice.roll(len(_TURNS))]
        first, slug_first = firsts[dice.roll(len(firsts))]
        last, slug_last = lasts[dice.roll(len(lasts))]
        if number in _UNUSUAL:
            first, last, slug_first, slug_last = _UNUSUAL[number]
        seen[slug_first + slug_last] += 1
        again = seen[slug_first + slug_last]
        slug = slug_first + slug_last + (str(again) if again > 1 else "")
        yield Person(
            number, first, last, slug_first, slug, f"{slug}@{_MAILS[number % len(_MAILS)]}", country,
            handles=tuple((network, slug) for network in NETWORKS[: _HOW_MANY_HANDLES[dice.roll(10)]]),
            tags=tuple(sorted({dice.roll(len(TAGS)) for _ in range(_HOW_MANY_TAGS[dice.roll(10)])})),
            groups=(dice.roll(len(GROUPS)),) if number % 4 == 0 else (),
        )  # fmt: skip


class _Dice:
    """Small numbers out of one large random one: several times faster than asking for each."""

    __slots__ = ("rest",)

    def __init__(self, rest: int) -> None:
        self.rest = rest

    def roll(self, sides: int) -> int:
        """A number from 0 below `sides`."""
        self.rest, rolled = divmod(self.rest, sides)
        return rolled


def _names(listed: str) -> tuple[tuple[str, str], ...]:
    """(as written, a–z) of each name."""
    pairs = [name.partition("|") for name in listed.split()]
    return tuple((native, _folded(latin or native)) for native, _, latin in pairs)


_PLAIN = str.maketrans({"ł": "l", "ı": "i", "đ": "d", "ø": "o", "æ": "ae", "ß": "ss"})


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return "".join(letter for letter in plain if "a" <= letter <= "z")


# Each country as often as its weight; how many handles and tags, in tenths.
_TURNS = tuple(
    turn for country, weight, first, last in _PLACES for turn in [(country, _names(first), _names(last))] * weight
)
_HOW_MANY_HANDLES = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3)
_HOW_MANY_TAGS = (0, 0, 0, 1, 1, 1, 1, 2, 2, 3)
