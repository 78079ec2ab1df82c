"""The seal that tests of stores give them."""

from kenbaar.keys import RecordSeal

SEAL = RecordSeal(b"a key for tests, 32 bytes long..")
