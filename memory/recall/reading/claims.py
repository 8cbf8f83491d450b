"""Claims of a person about how things are: where they live, what they pay, who employs them.

A claim is found by the frames in which people say such things ("my rent is now ...", "moved to
..."), or in a short message by the words of a state and a value of its kind in the right place.
What fits nothing is no claim: a change that goes unnoticed costs a place in a ranking, one that
never happened hides a truth. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from remem.recall.reading.asking import is_question
from remem.recall.reading.languages import CHINESE, spoken
from remem.recall.reading.states import CODES, Frame, Known, Language, all_triggers, languages
from remem.store.fulltext.folding import CAPITALS, SMALLS, straight
from remem.store.fulltext.tokens import STOP_WORDS, tokenize

State = tuple[str, str]
"""A state, after whose it is: ``("", "home")`` is where the speaker lives, and
``("daughter", "school")`` where the daughter learns."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A state as somebody states it.

    Attributes:
        state: Which.
        value: The words or digits that say how it is; two claims agree if one has all of the other.
        changes: It says that it was different before.
        words: What names the state, where nothing but words side by side make it a claim: without
            a change, it is about the same as another only if they have one of these in common.
        is_loose: Nothing but words side by side make it a claim. It may answer a question about the
            state, and is not sure enough to say that another is so no longer.
    """

    state: State
    value: frozenset[str]
    changes: bool
    words: frozenset[str] = frozenset()
    is_loose: bool = False

    @property
    def about(self) -> str:
        """The state in words: "home", "school of daughter"."""
        whose, name = self.state
        return f"{name} of {whose}" if whose else name

    def agrees(self, other: Claim) -> bool:
        """True if both say the same of the same."""
        return self.state == other.state and (
            self.value <= other.value or other.value <= self.value
        )

    def contradicts(self, earlier: Claim) -> bool:
        """True if what was stated earlier is so no longer, if this is so."""
        return (
            self.state == earlier.state
            and not self.agrees(earlier)
            and self._is_of_a_size_with(earlier)
            and (self.changes or self._leaves_one(earlier))
        )

    def _is_of_a_size_with(self, earlier: Claim) -> bool:
        """True unless both are amounts, and one is several times the other: no rent is, when it is
        raised, and no salary."""
        if self.state[1] not in _AMOUNTS:
            return True
        mine, other = (_amount(each.value) for each in (self, earlier))
        return max(mine, other) <= _MOST_TIMES * min(mine, other)

    def _leaves_one(self, earlier: Claim) -> bool:
        """True if two such claims cannot both be so, even if neither speaks of a change."""
        if self.words or earlier.words:
            return not self.words.isdisjoint(earlier.words)
        whose, name = self.state
        return not whose and name != "pet" and " " not in name


def claims(text: str) -> tuple[Claim, ...]:
    """The claims in a text, each state once for what it says last."""
    return _claims(text[:_MOST_CHARACTERS])


@lru_cache(maxsize=16384)
def _claims(text: str) -> tuple[Claim, ...]:
    text = straight(text)
    if not text.isascii():
        text = _NARROW_COMMA.sub("，", text)
    told = [each.strip() for each in _SENTENCE.findall(text)]
    told = [each for each in told if len(each) <= _LONG and not each.endswith(("?", "？"))]
    message = " ".join(told) if len(text) <= _SHORT else ""
    found: dict[State, Claim] = {}
    for sentence in told:
        claimed = _merged(_in_sentence(sentence, message))
        if claimed and not is_question(sentence):  # "do I live in Graz"
            found |= claimed
    return tuple(found.values())


def asked_states(question: str) -> Set[State]:
    """The states that a question of the first person asks for."""
    question = straight(question)
    likely = {*spoken(question), CHINESE}
    return {
        (_asked_whose(each, question, language), each.name)
        for language in languages()
        if language.name in likely
        for each in language.states
        if any(ask.search(question) for ask in each.asks)
        and (not each.is_person or _asks_for_a_name(question))
    }


def _asked_whose(state: Known, question: str, language: Language) -> str:
    whose = language.whose(question)
    return "" if state.name == "partner" and whose in _PARTNERS else whose


def words_to_find(name: str) -> str:
    """Words with which people tell of a state, to search for."""
    known = (each for language in languages() for each in language.states if each.name == name)
    return " ".join(dict.fromkeys(word for each in known for word in sorted(each.triggers)))


def _merged(claims: Iterable[Claim]) -> dict[State, Claim]:
    """The claims of one sentence. Languages share words for a state ("email"), so that several may
    find it: it says that something has changed if one of them reads it so."""
    found: dict[State, Claim] = {}
    for claim in claims:
        first = found.setdefault(claim.state, claim)
        if claim.changes and not first.changes:
            found[claim.state] = replace(first, changes=True)
    return found


def _in_sentence(sentence: str, message: str) -> Iterator[Claim]:
    """The claims of a sentence.

    Args:
        message: All of a short message, whose other sentences may name what this one is about;
            empty: the text is longer.
    """
    around = message or sentence
    spaced = all_triggers().intersection(_WORD.findall(around.lower()))
    has_digit = _DIGIT.search(sentence) is not None
    if not (spaced or has_digit) and around.isascii():
        return
    for language in languages():
        words = language.held(around, spaced)
        may_be_open = has_digit and bool(language.open)
        told = [each for each in language.told_by(words) if _is_in(sentence, each.kind.sign)]
        if not (told or may_be_open) or language.skip.search(sentence):
            continue
        claims = list(_in_frames(sentence, around, words, told, language))
        if message and told and not claims:
            claims = list(_by_words(sentence, words, language))
        yield from claims or (_of_something_else(sentence, language) if may_be_open else ())


def _in_frames(
    sentence: str, around: str, words: Set[str], told: Iterable[Known], language: Language
) -> Iterator[Claim]:
    for state in told:
        if state.unless and not state.unless.isdisjoint(words):
            continue
        for frame in state.frames:
            if claim := _in_frame(sentence, around, frame, state, language):
                changes = frame.changes or language.change.search(sentence) is not None
                yield replace(claim, changes=changes)
                break


@lru_cache(maxsize=64)
def _is_in(sentence: str, sign: re.Pattern[str]) -> bool:
    """True if a sign is in a sentence, which many states of all languages want to know."""
    return sign.search(sentence) is not None


def _in_frame(
    sentence: str, around: str, frame: Frame, state: Known, language: Language
) -> Claim | None:
    for found in frame.pattern.finditer(sentence):
        if state.name == "boss" and _NO_BOSS.search(found["v"]):
            continue
        value = state.kind.read(found["v"])
        if state.is_name:
            value = _name(value)
        if not value or _is_past_or_other(sentence, found, language):
            continue
        if found.start("v") > 2 and _is_told_of_another(sentence, language):
            continue
        if found.groupdict().get("them") and language.people.search(around):
            continue
        return Claim((_whose(found, around, language, state.name), state.name), value, False)
    return None


def _by_words(sentence: str, words: Set[str], language: Language) -> Iterator[Claim]:
    """The claim of a sentence with words of a state and a value of its kind, whatever stands
    between; none if it speaks of others, or neither of who says it nor of a change."""
    likely = (each for each in language.states if each.unless.isdisjoint(words))
    state = max(likely, key=lambda each: len(each.about & words))
    named = state.about & words
    changed = language.change.search(sentence) is not None
    if not named or language.other.search(sentence) or _is_of_another(sentence, language):
        return
    if state.kind.is_code and any(each.people.search(sentence) for each in languages()):
        return
    if state.name in _AMOUNTS and _NO_AMOUNT.search(sentence):
        return
    if not (changed or language.own.search(sentence)):
        return
    for pattern in _patterns(state, named, changed, language):
        for found in pattern.finditer(sentence):
            value = state.kind.read(found["v"]) - language.triggers - NO_NAMES
            before = sentence[: found.start("v")]
            is_past = language.before.search(before) is not None
            if value and not (is_past or is_no_value(before, state)):
                about = named if state.is_name else frozenset()
                yield Claim(("", state.name), value, changed, about, is_loose=True)
                return


def _name(value: frozenset[str]) -> frozenset[str]:
    """A value without the words that are no names; empty: nothing but those and numbers."""
    value -= NO_NAMES
    return frozenset() if all(map(str.isdigit, value)) else value


def is_no_value(before: str, state: Known) -> bool:
    """True if the words before a value tell that it is not one of a state."""
    if state.name == "email":
        return _NO_SENDER.search(before) is not None
    no_place = _NO_PLACES.get(state.name)
    return no_place is not None and no_place.search(before) is not None


def _is_told_of_another(sentence: str, language: Language) -> bool:
    """True if a sentence is about somebody with a name, and not about who speaks."""
    return language.own.search(sentence) is None and _is_of_another(sentence, language)


def _is_of_another(sentence: str, language: Language) -> bool:
    """True if a sentence begins with somebody's name, and tells what they have done."""
    subject = _SUBJECT.match(sentence)
    return subject is not None and language.triggers.isdisjoint({subject[1].lower()})


def is_about_others(text: str, language: Language) -> bool:
    """True if a text is about others, and not about who speaks; "my dog's name" is no other's."""
    if _is_of_another(text, language):
        return True
    known = language.triggers
    text = _OWNER.sub(lambda owner: owner[1] if owner[1].lower() in known else owner[0], text)
    return language.people.search(text) is not None


def amount_pattern(state: Known) -> str:
    """The pattern of a state's values where nothing says that they are of this state."""
    return _AMOUNT if state.name in _AMOUNTS else state.kind.pattern


def _amount(value: frozenset[str]) -> float:
    """The amount of money in a value."""
    written = "".join(value)
    digits = "".join(filter(str.isdigit, written))
    return float(digits or 0) * (1000 if "k" in written else 1)


def _patterns(
    state: Known, named: Set[str], changed: bool, language: Language
) -> Iterator[re.Pattern[str]]:
    if not state.is_name:
        yield _anywhere(amount_pattern(state))
        return
    yield from language.persons if state.is_person else language.names
    if state.is_person and changed and language.here:
        yield language.here
    for word in sorted(named):
        yield _behind(word, language.value)


def _of_something_else(sentence: str, language: Language) -> Iterator[Claim]:
    """The claim about what there is no word for here: "my thesis deadline is now 3 May"."""
    for frame in language.open:
        found = frame.pattern.search(sentence)
        if found is None or _is_past_or_other(sentence, found, language):
            continue
        [kind] = [each for each in CODES if found[each]]
        noun = {_SAME.get(each, each) for each in tokenize(found["noun"])}
        if noun := noun - STOP_WORDS - _NO_NOUNS:
            name = f"{kind} {' '.join(sorted(noun))}"
            changed = frame.changes or language.change.search(sentence) is not None
            whose = _whose(found, sentence, language)
            yield Claim((whose, name), frozenset({found["v"].casefold()}), changed)
            return


def _is_past_or_other(sentence: str, found: re.Match[str], language: Language) -> bool:
    """True if a value is said to be so no longer, or of somebody else."""
    before = sentence[: found.start("v")]
    if language.before.search(before):
        return True
    groups = found.groupdict()
    if groups.get("child"):
        return False
    if groups.get("them"):
        before = before[: found.start("them")]
    is_own = bool(groups.get("whose")) or language.own.search(before[found.start() :])
    return not is_own and language.other.search(before) is not None


def _whose(found: re.Match[str], around: str, language: Language, state: str = "") -> str:
    """The relative of whom a frame speaks, by a word or by a pronoun; empty: who speaks."""
    groups = found.groupdict()
    if state == "partner" and (groups.get("whose") or "").lower() in _PARTNERS:
        return ""  # it says who that is
    if groups.get("child"):
        return language.whose(around)
    return language.relative_of(groups.get("whose") or "")


def _asks_for_a_name(question: str) -> bool:
    """True for "Who is my boss?" and "What is my dog's name?", not for "My boss's birthday?"."""
    return _WHO.search(question) is not None and _OF_THEIRS.search(question) is None


@cache
def _behind(word: str, value: str) -> re.Pattern[str]:
    """A value right behind a word: "our dog Rex", or "our dog, Rex", where nothing follows it."""
    ends = r"(?(comma)(?=[,.!;:，。]|$))"
    return re.compile(rf"\b{re.escape(word)}(?P<comma>,)? (?P<v>{value}){ends}", re.IGNORECASE)


@cache
def _anywhere(value: str) -> re.Pattern[str]:
    return re.compile(f"(?P<v>{value})", re.IGNORECASE)


_MOST_CHARACTERS = 4000
_SHORT = 140
"""Characters of a message that is news; in longer ones, words side by side mean little."""

_LONG = 400
"""Characters of a sentence beyond which it is no longer one that a person says of themselves."""

_SENTENCE = re.compile(
    r"(?:[^.!?。！？\n]|(?<=\d)\.(?=\d)|(?<=\b[DMS][rst])\.|(?<=\b(?:Mrs|Pro))\.|\.(?=[a-z]))+"
    r"[.!?。！？]*"
)
_WORD = re.compile(r"\w+|@")
_NO_BOSS = re.compile(
    r"^(?:一?[个名位]|[做干当]|(?:总|副)?经理|总裁|院长|董事长|[校部厂科]长|主任|主管)"
    r"|[师员工商家人生](?:的|$)"
)
"""Of a Chinese boss, what they are, and not what they are called."""

_NARROW_COMMA = re.compile(r", ?(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff]), ?")
"""As some type it in Chinese."""
_DIGIT = re.compile(r"\d")

_OWNER = re.compile(r"(\w+)'s\b")
_PARTNERS = frozenset({"boyfriend", "girlfriend", "partner", "husband", "wife"})
_AMOUNTS = frozenset({"rent", "salary"})
_MOST_TIMES = 3
_SUBJECT = re.compile(
    rf"(?:[AO] )?(?!On\b)([{CAPITALS}][{SMALLS}]+) "
    r"(?:has|had|hat|ha|tem|está|is|ist|wants|wurde|a \w+é\b|a été|se ha|foi|mudou)\b"
)
_COMPANY = r"\b(?:mit|avec|con|com|с"
_NO_PLACE = (
    rf"{_COMPANY}|with|by|for|bei|chez|nennen? (?:es|ihn|sie)|responde a|atende por|answers to"
    r"|called|named) (?:an? |the )?$"
)
_NO_PLACES = {
    "home": re.compile(_NO_PLACE, re.IGNORECASE),
    "gym": re.compile(rf"{_COMPANY}|with) $", re.IGNORECASE),
    "employer": re.compile(r"\b(?:arbeite mit|travaille avec|trabajo con|trabalho com) $"),
}
"""State -> words before a name that is of no such place, but of who was there."""
_NO_SENDER = re.compile(r"\b(?:from|von|de|da) $|收到$", re.IGNORECASE)
"""Words before the address of who has written."""

_AMOUNT = r"(?:\d{1,3}(?:[.,' ]\d{3})+|\d{3,})(?!\d)|\d+k\b"
_NO_AMOUNT = re.compile(r"\b(?:codes?|pin|password|number)\b", re.IGNORECASE)
"""Of a sentence whose digits are no money, though the landlord has told them."""

NO_NAMES = frozenset(
    tokenize(
        "monday tuesday wednesday thursday friday saturday sunday january february march april may "
        "june july august september october november december i ok okay christmas easter "
        "mein meine unser unsere mi mis nuestro nuestra meu minha nosso nossa mon ma mes notre "
        "quien quem wer qui das dies heute jetzt nun ahora hoy agora hoje maintenant desde seit ab "
        "depuis"
    )
)
"""Tokens that are no names, whatever stands before them."""

_NO_NOUNS = frozenset(tokenize("new current latest updated old deadline due date number"))
_SAME = dict.fromkeys(tokenize("code key passcode passphrase pin"), *tokenize("password"))
_WHO = re.compile(
    r"\b(?:who|whom|names?|called|call|which|wer|wen|wem|heißt|heisst|welche[rnms]?|qui|appelle"
    r"|appelait|quel(?:le)?s?|nom|hieß|quién|llama|llamaba|qué|nombre|quem|chama|chamava|qual|nome)\b"
    r"|\b(?:кто|кого|зовут|звали|кличка|имя)\b|^(?:(?:[aà]|de|com|em) )?que\b"
    r"|谁|叫|名字|哪",
    re.IGNORECASE,
)
_OF_THEIRS = re.compile(r"(?<!what)(?<!who)(?<!where)'s (?!name)", re.IGNORECASE)
