"""A grant: the data key of a template, wrapped under the key of one person and one purpose."""

from __future__ import annotations

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kenbaar.errors import KeyDestroyed, WrongCode

_KEY_BYTES = 32


def wrap_data_key(purpose_key: bytes, data_key: bytes) -> bytes:
    """The data key (32 bytes) wrapped with AES-KW, RFC 3394: 40 bytes. purpose_key: 32 bytes.

    AES-KW needs no nonce and takes no associated data. What binds the result to person and purpose is that the purpose
    key exists for these alone.
    """
    if len(purpose_key) != _KEY_BYTES or len(data_key) != _KEY_BYTES:
        raise ValueError(f"both keys are {_KEY_BYTES} bytes, not {len(purpose_key)} and {len(data_key)}")
    return aes_key_wrap(purpose_key, data_key)


def unwrap_data_key(
    purpose_key: bytes, wrapped: bytes, *, otherwise: type[KeyDestroyed] | type[WrongCode] = KeyDestroyed
) -> bytes:
    """The data key, 32 bytes. Raises `otherwise` where the purpose key is not the one.

    Pass WrongCode where the purpose key was derived from a recovery code: there a wrong key means a wrong code.
    """
    if len(purpose_key) != _KEY_BYTES:
        raise ValueError(f"a purpose key is {_KEY_BYTES} bytes, not {len(purpose_key)}")
    try:
        key = aes_key_unwrap(purpose_key, wrapped)
        if len(key) != _KEY_BYTES:
            raise InvalidUnwrap(f"{len(key)} bytes are no data key")
    except InvalidUnwrap as err:
        if otherwise is WrongCode:
            raise WrongCode(
                "This recovery code does not open the grant.", "Look for a newer code, or enrol again."
            ) from err
        raise KeyDestroyed("The key that opened this grant is gone.", "Ask the person to enrol again.") from err
    return key
