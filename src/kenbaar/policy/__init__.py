"""What is allowed, to whom, and what follows: rows of data, no logic.

SYSTEM                                     # the actor of what the calendar or a recovery does
Actor("operator", "jane", "officer")       # a shell account
subject_actor("s-7xk2m9qa")                # the person themselves
"""

from kenbaar.policy._actor import SYSTEM, Actor, ActorKind, RoleName, subject_actor

__all__ = ["SYSTEM", "Actor", "ActorKind", "RoleName", "subject_actor"]
