"""The words a person reads before they agree. Their digest stands in the receipt, so the words can be proven later.

A notice in another language is a text of its own, with a digest of its own; the receipt says which one was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kenbaar.consent._purpose import ENGLISH, Purpose
from kenbaar.errors import UsageError
from kenbaar.text import printable


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """A notice's paragraphs in one language. {organisation}, {day}: filled in."""

    title: str
    choices: str
    comparison: tuple[str, ...]
    portrait: str
    held_by_subject: str
    held_by_organisation: str
    until: str
    taking_it_back: str
    saying_no: str
    asking: str
    minor: str


_ENGLISH = NoticeWords(
    title="What {organisation} asks you to agree to",
    choices="Each line is a choice of its own. Agree to all, to some, or to none:",
    comparison=(
        "What is done\n"
        "Two steps. First, faces are found in the pictures: where a face is, not whose. Then, only with your "
        "agreement, numbers that describe your face are made from the photos you hand in, and faces in the pictures "
        "are compared with those numbers. The photos you hand in are dropped once the numbers are made. The numbers "
        "are biometric data. They are sealed, and used for what you agree to here and for nothing else. It can go "
        'wrong: a picture of you may be missed, or somebody else taken for you. You can say "this is not me", and '
        "it stays so.",
        "Where the comparing comes from\n"
        "The program that compares faces learned it from pictures collected on the web. Its makers did not establish "
        "that the people in those pictures agreed. The model card, `kenbaar pack show`, says more.",
    ),
    portrait=(
        "A portrait, if you leave one\n"
        "Who agrees to ask may leave one photo for the two colleagues who decide, so that they compare by eye. Head "
        "and shoulders of it are kept, sealed, shown to them alone and only while somebody asks, and destroyed when "
        "you take that agreement back or it ends. You need not leave one: then they see the organisation's own "
        "pictures of you."
    ),
    held_by_subject=(
        "Who holds the key\n"
        "You. You get a recovery code, printed once and kept nowhere else. Your face can be looked for only while you "
        "use that code. If you lose it, nobody can open what it sealed, and you enrol again."
    ),
    held_by_organisation=(
        "Who holds the key\n"
        "{organisation}. It can look for your face in its pictures until the end date, or until you take this back."
    ),
    until="Until when\nUp to and including {day}. Then it ends by itself, and the keys are destroyed.",
    taking_it_back=(
        "Taking it back\n"
        "At any time, for any of the purposes, without giving a reason: tell {organisation}. The keys are destroyed at "
        "once, and you get a signed receipt for it. You are told which published copies still show you, and they can "
        "be published again without you. What was done before you took it back stays lawful."
    ),
    saying_no=(
        "Saying no\n"
        "You may refuse, and it costs you nothing. Your pictures can be pointed out by hand instead, by you or with "
        "you: that way gives you the same pictures and the same say over publication, and no face is compared."
    ),
    asking=(
        "What you may ask\n"
        "Everything kept about you, as a file you can read; its correction; its erasure. Ask {organisation}. You can "
        "also complain to the data protection authority where you live."
    ),
    minor=(
        "For a minor\n"
        "A parent or guardian agrees, together with the young person as far as they can judge it, for one year at "
        "most. The young person may take it back as well."
    ),
)
_DUTCH = NoticeWords(
    title="Wat {organisation} je vraagt toe te staan",
    choices="Elke regel is een aparte keuze. Sta alles toe, een deel, of niets:",
    comparison=(
        "Wat er gebeurt\n"
        "Twee stappen. Eerst worden gezichten gevonden op de foto's: waar een gezicht is, niet van wie. Daarna, "
        "alleen als jij het toestaat, worden uit de foto's die je geeft getallen gemaakt die je gezicht beschrijven, "
        "en worden gezichten op de foto's met die getallen vergeleken. De foto's die je geeft worden gewist zodra de "
        "getallen er zijn. De getallen zijn biometrische gegevens. Ze worden verzegeld, en gebruikt voor wat je hier "
        "toestaat en voor niets anders. Het kan misgaan: een foto van jou kan worden gemist, of iemand anders voor "
        'jou worden aangezien. Je kunt zeggen "dit ben ik niet", en dat blijft zo.',
        "Waar het vergelijken vandaan komt\n"
        "Het programma dat gezichten vergelijkt heeft dat geleerd van foto's die op het web zijn verzameld. De "
        "makers hebben niet vastgesteld dat de mensen op die foto's het goed vonden. De modelkaart vertelt meer: "
        "vraag ernaar.",
    ),
    portrait=(
        "Een portret, als je er een achterlaat\n"
        "Wie toestaat dat gevraagd wordt wie er op een foto staat, mag één foto achterlaten voor de twee collega's "
        "die beslissen, zodat zij met het oog vergelijken. Hoofd en schouders daarvan worden bewaard, verzegeld, "
        "alleen aan hen getoond en alleen zolang iemand vraagt, en vernietigd als je die toestemming intrekt of als "
        "ze afloopt. Het hoeft niet: dan zien zij de foto's die de organisatie zelf van je heeft."
    ),
    held_by_subject=(
        "Wie de sleutel heeft\n"
        "Jij. Je krijgt een code, die één keer wordt getoond en verder nergens bewaard. Alleen als jij die code "
        "gebruikt kan er naar je gezicht worden gezocht. Raak je hem kwijt, dan kan niemand openen wat ermee "
        "verzegeld is, en schrijf je je opnieuw in."
    ),
    held_by_organisation=(
        "Wie de sleutel heeft\n"
        "{organisation}. Die kan in haar foto's naar je gezicht zoeken tot de einddatum, of tot je dit intrekt."
    ),
    until="Tot wanneer\nTot en met {day}. Daarna stopt het vanzelf, en worden de sleutels vernietigd.",
    taking_it_back=(
        "Intrekken\n"
        "Op elk moment, voor elk van de doelen, zonder reden: zeg het tegen {organisation}. De sleutels worden "
        "meteen vernietigd, en je krijgt daarvan een ondertekend bewijs. Je hoort op welke gepubliceerde kopieën je "
        "nog te zien bent, en die kunnen opnieuw worden gepubliceerd zonder jou. Wat gebeurde voordat je het introk "
        "blijft rechtmatig."
    ),
    saying_no=(
        "Nee zeggen\n"
        "Je mag weigeren, en het kost je niets. Je foto's kunnen ook met de hand worden aangewezen, door jou of "
        "samen met jou: zo krijg je dezelfde foto's en dezelfde zeggenschap over publicatie, en wordt geen gezicht "
        "vergeleken."
    ),
    asking=(
        "Wat je mag vragen\n"
        "Alles wat over jou bewaard wordt, als bestand dat je kunt lezen; dat het verbeterd wordt; dat het gewist "
        "wordt. Vraag het {organisation}. Je kunt ook klagen bij de gegevensbeschermingsautoriteit waar je woont."
    ),
    minor=(
        "Voor een minderjarige\n"
        "Een ouder of voogd geeft toestemming, samen met de jongere voor zover die het kan beoordelen, voor "
        "hoogstens een jaar. De jongere mag haar ook intrekken."
    ),
)
NOTICES: Mapping[str, NoticeWords] = {ENGLISH: _ENGLISH, "nl": _DUTCH}


def notice_text(
    organisation: str,
    purposes: Sequence[Purpose],
    holder: str,
    until: date,
    guardian: bool,
    language: str = ENGLISH,
) -> str:
    """The notice for this offer, in plain words; the same text, byte for byte, for the same offer and language.

    until: a date is the last day, a datetime the first moment after it. holder: `organisation` or `subject`. Raises
    UsageError for a language that there is no notice in.
    """
    words = NOTICES.get(language)
    if words is None:
        raise UsageError("There is no notice in that language.", f"Use {' or '.join(NOTICES)}.")
    offered = [f"  - {p!s}: {p.sentence_in(language)}" for p in sorted(set(purposes), key=str)]
    parts = [
        words.title.replace("{organisation}", printable(organisation)),
        f"{words.choices}\n" + "\n".join(offered),
        *(words.comparison if any(p.row.compares_faces for p in purposes) else ()),
        *((words.portrait,) if any(p.row.asked for p in purposes) else ()),
        words.held_by_subject if holder == "subject" else words.held_by_organisation,
        words.until,
        words.taking_it_back,
        words.saying_no,
        words.asking,
        *((words.minor,) if guardian else ()),
    ]
    day = f"{last_day(until):%Y-%m-%d}"
    return "\n\n".join(p.replace("{day}", day).replace("{organisation}", organisation) for p in parts) + "\n"


def notice_digest(text: str) -> str:
    """`sha256:` and the hex digest of the notice's UTF-8 bytes."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def last_day(until: date) -> date:
    """The last day on which consent holds, given its end."""
    return (until - timedelta(microseconds=1)).date() if isinstance(until, datetime) else until
