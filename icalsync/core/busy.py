"""The busy rules of design.md §1 as one pure function: facts and policy in, busyness and reason out."""

from __future__ import annotations

from dataclasses import replace

from icalsync.core.model import Busyness, CdoStatus, Facts, Participation, Policy, Reason, Status, Transparency, Verdict


def verdict(facts: Facts, policy: Policy, *, own: bool = False) -> Verdict:
    """What an occurrence does to availability, and why; the first rule that matches wins.

    ``own`` says that the occurrence is an appointment this system pushed for this user (R11). A row of travel time is free for the same
    reason as the occurrence it leads to, else BUSY ``TRAVEL``. Where a policy frees, the reason stays and the busyness is FREE.
    ``all_day = always`` outweighs a mark as transparent (case 4), and nothing else: a cancelled or declined all-day event stays free.
    """
    if facts.travel:
        return _travel(facts, policy, own=own)
    if not facts.readable:
        return Verdict(Busyness.UNKNOWN, Reason.UNREADABLE)
    if own:
        return Verdict(Busyness.BUSY, Reason.OWN_APPOINTMENT)
    free = _why_free(facts, policy)
    return Verdict(Busyness.FREE, free) if free is not None else _how_busy(facts, policy)


def _travel(facts: Facts, policy: Policy, *, own: bool) -> Verdict:
    event = verdict(replace(facts, travel=False), policy, own=own)
    if not event.blocks or event.busyness is Busyness.UNKNOWN:
        return event
    return Verdict(Busyness.FREE if policy.travel == "free" else Busyness.BUSY, Reason.TRAVEL)


def _why_free(facts: Facts, policy: Policy) -> Reason | None:
    if facts.status is Status.CANCELLED:
        return Reason.CANCELLED
    if _marked_free(facts) and not (facts.all_day and policy.all_day == "always"):
        return Reason.TRANSPARENT
    if facts.participation is Participation.DECLINED:
        return Reason.DECLINED
    if facts.zero_length:
        return Reason.ZERO_LENGTH
    if facts.all_day and policy.all_day == "never":
        return Reason.ALL_DAY
    return None


def _how_busy(facts: Facts, policy: Policy) -> Verdict:
    cdo = facts.cdo if facts.transparency is Transparency.UNSET else CdoStatus.UNSET
    if facts.participation is Participation.NEEDS_ACTION:
        return Verdict(_tentative(policy.unanswered), Reason.UNANSWERED)
    if facts.status is Status.TENTATIVE or facts.participation is Participation.TENTATIVE or cdo is CdoStatus.TENTATIVE:
        return Verdict(_tentative(policy.tentative), Reason.TENTATIVE)
    if cdo is CdoStatus.OOF:
        return Verdict(Busyness.BUSY_UNAVAILABLE, Reason.BUSY)
    return Verdict(Busyness.BUSY, Reason.ALL_DAY if facts.all_day else Reason.BUSY)


def _marked_free(facts: Facts) -> bool:
    if facts.transparency is Transparency.UNSET:
        return facts.cdo is CdoStatus.FREE
    return facts.transparency is Transparency.TRANSPARENT


def _tentative(choice: str) -> Busyness:
    return Busyness.FREE if choice == "free" else Busyness.BUSY_TENTATIVE
