"""What is recognised as personal or secret in a text, and by what it is replaced."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


def _always(_text: str) -> bool:
    return True


def is_card_number(text: str) -> bool:
    """Luhn's check over the digits of a text."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[-2::-2]]  # noqa: PLR2004  # Luhn's rule
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """The check digits of an IBAN, ISO 13616: the number it spells is 1 modulo 97."""
    compact = text.replace(" ", "")
    spelled = "".join(str(int(c, 36)) for c in compact[4:] + compact[:4])
    return int(spelled) % 97 == 1


@dataclass(frozen=True)
class Pattern:
    """One kind of thing to mask. `really` looks twice at what the expression found."""

    name: str
    expression: re.Pattern[str]
    replacement: str
    really: Callable[[str], bool] = _always

    def mask(self, text: str) -> str:
        """The text without it."""
        return self.expression.sub(lambda found: self.replacement if self.really(found[0]) else found[0], text)


# Every expression is linear in the text: a repeated part starts where it can't be continued backwards, or is bounded.
PATTERNS = {
    pattern.name: pattern
    for pattern in (
        Pattern("bearer", re.compile(r"(?i)\bbearer\s{1,9}[\w.~+/=-]{8,}+"), "Bearer [token]"),
        Pattern(
            "api_key",
            re.compile(
                r"(?<![\w-])(?:(?:sk|pk|rk|lsk|glpat|hf|gsk|xai)[-_]|gh[oprsu]_|github_pat_|xox[abeprs]-|AKIA|AIza|ya29\.|eyJ)"
                r"[\w.~+/=-]{12,}+"
            ),
            "[api key]",
        ),
        Pattern("email", re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}"), "[email]"),
        Pattern(
            "iban",
            re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
            "[iban]",
            is_iban,
        ),
        Pattern("card", re.compile(r"(?<![\w.])[2-6](?:[ -]?\d){12,18}(?!\w)"), "[card number]", is_card_number),
        Pattern(
            "phone",
            re.compile(
                r"(?<![\w.])(?:(?:\+|00)\d(?:[ ()./-]{0,2}\d){6,14}|(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4})(?!\w)"
            ),
            "[phone]",
        ),
    )
}


def chosen(names: str) -> tuple[Pattern, ...]:
    """The patterns a setting names: `all`, or some, parted by commas.

    Raises:
        ValueError: there is no pattern of that name.
    """
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    if "all" in wanted:
        return tuple(PATTERNS.values())
    if unknown := wanted - PATTERNS.keys():
        raise ValueError(f"MASK_PATTERNS: no pattern {', '.join(sorted(unknown))}; there are {', '.join(PATTERNS)}")
    return tuple(pattern for name, pattern in PATTERNS.items() if name in wanted)


def mask_all(patterns: Iterable[Pattern], text: str) -> str:
    """The text with every pattern masked."""
    for pattern in patterns:
        text = pattern.mask(text)
    return text
