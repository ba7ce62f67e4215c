# A table of byte strings that were checked once: the keys of series, and the keys of fields.

import os

from libc.string cimport memcmp, memcpy

cdef enum:
    # The facts about a name, one int32 each. LINK is the name that is guessed to come next; the rest are the
    # users': AGE tells whether CODE and TABLE of a series, or SLOT and KIND of a field, are of this body.
    START = 0
    LENGTH = 1
    OWNER = 2
    LINK = 3
    AGE = 4
    CODE = 5
    TABLE = 6
    SLOT = 5
    KIND = 6
    FIRST = 7
    MEASUREMENT = 8
    # Of a series the first number with the same measurement and tags: a key may have its tags in any order.
    SAME = 9
    FACTS = 10

cdef enum:
    MISSING = -1
    # Whoever finds names that collide gets the slow way, not a slow table.
    LONGEST_PROBE = 32

cdef uint64_t SEED = int.from_bytes(os.urandom(8), "little") | 1


cdef inline bint same(
    const uint8_t[::1] a, Py_ssize_t at, const uint8_t[::1] b, Py_ssize_t start, Py_ssize_t length
) noexcept nogil:
    """Whether two pieces are equal; False if one of them is not wholly inside its bytes."""
    if at < 0 or start < 0 or length <= 0 or at > a.shape[0] - length or start > b.shape[0] - length:
        return False
    return memcmp(&a[at], &b[start], length) == 0


cdef inline uint64_t eight_bytes(const uint8_t[::1] b, Py_ssize_t at, Py_ssize_t length) noexcept nogil:
    """Up to eight bytes as a number, as far as they are inside."""
    cdef uint64_t word = 0
    if at < 0 or at >= b.shape[0]:
        return 0
    if length > b.shape[0] - at:
        length = b.shape[0] - at
    if length >= 8:
        memcpy(&word, &b[at], 8)
    elif length > 0:
        memcpy(&word, &b[at], length)
    return word


cdef inline uint64_t hash_of(
    const uint8_t[::1] b, Py_ssize_t at, Py_ssize_t length, uint64_t owner
) noexcept nogil:
    cdef uint64_t hash = SEED ^ (owner * <uint64_t>11400714819323198485U) ^ <uint64_t>length
    while length > 0:
        hash = (hash ^ eight_bytes(b, at, length)) * <uint64_t>11400714819323198485U
        hash ^= hash >> 29
        at += 8
        length -= 8
    hash *= SEED
    return hash ^ hash >> 32


cdef array filled(Py_ssize_t count, int32_t value):
    """A new array of int32."""
    return array("i", [value]) * count


cdef int32_t[::1] grown(int32_t[::1] facts, Py_ssize_t count):
    """The facts, and behind them room up to ``count`` and at least as much as there was."""
    if count <= facts.shape[0]:
        return facts
    cdef Py_ssize_t used = facts.shape[0]
    cdef int32_t[::1] more = filled(max(count, 2 * used), MISSING)
    more[:used] = facts
    return more


@cython.final
cdef class Names:
    """Names by number in the order they came, and their numbers by the bytes and their owner."""

    cdef uint8_t[::1] bytes
    cdef int32_t[::1] facts
    cdef int32_t[::1] buckets
    cdef uint64_t[::1] hashes
    cdef Py_ssize_t used
    cdef int32_t count

    def __cinit__(self):
        self.bytes = bytearray(4096)
        self.facts = filled(64 * FACTS, MISSING)
        self.hashes = array("Q", [0]) * 64
        self.buckets = filled(256, MISSING)

    cdef int32_t find(
        self, const uint8_t[::1] b, Py_ssize_t start, Py_ssize_t length, int32_t owner
    ) except -2 nogil:
        """The number of a name, or MISSING."""
        cdef uint64_t hash = hash_of(b, start, length, owner)
        cdef Py_ssize_t mask = self.buckets.shape[0] - 1
        cdef Py_ssize_t at = <Py_ssize_t>(hash & <uint64_t>mask)
        cdef int32_t name
        cdef int probe
        for probe in range(LONGEST_PROBE):
            name = self.buckets[at]
            if name < 0:
                return MISSING
            if self.hashes[name] == hash and self.is_name(name, b, start, length, owner):
                return name
            at = (at + 1) & mask
        return MISSING

    cdef inline int is_name(
        self, int32_t name, const uint8_t[::1] b, Py_ssize_t start, Py_ssize_t length, int32_t owner
    ) except -1 nogil:
        cdef Py_ssize_t fact = name * FACTS
        if self.facts[fact + LENGTH] != length or self.facts[fact + OWNER] != owner:
            return False
        return same(self.bytes, self.facts[fact + START], b, start, length)

    cdef int32_t add(
        self, const uint8_t[::1] b, Py_ssize_t start, Py_ssize_t length, int32_t owner
    ) except -2:
        """Add a name that is not here; its number, or MISSING if there is no good place for it."""
        cdef int32_t name = self.count
        cdef Py_ssize_t fact = name * FACTS
        if 2 * (name + 1) > self.buckets.shape[0]:
            self.spread()
        cdef uint64_t hash = hash_of(b, start, length, owner)
        if not self.place(name, hash):
            return MISSING
        self.facts = grown(self.facts, fact + FACTS)
        if name == self.hashes.shape[0]:
            self.hashes = array("Q", self.hashes) + array("Q", bytes(8 * name))
        if self.used + length > self.bytes.shape[0]:
            self.bytes = bytearray(self.bytes) + bytes(max(length, self.bytes.shape[0]))
        self.bytes[self.used : self.used + length] = b[start : start + length]
        self.hashes[name] = hash
        self.facts[fact + START] = <int32_t>self.used
        self.facts[fact + LENGTH] = <int32_t>length
        self.facts[fact + OWNER] = owner
        self.used += length
        self.count += 1
        return name

    cdef bint place(self, int32_t name, uint64_t hash) except? 0:
        cdef Py_ssize_t mask = self.buckets.shape[0] - 1
        cdef Py_ssize_t at = <Py_ssize_t>(hash & <uint64_t>mask)
        for _ in range(LONGEST_PROBE):
            if self.buckets[at] < 0:
                self.buckets[at] = name
                return True
            at = (at + 1) & mask
        return False

    cdef int spread(self) except -1:
        """Give the names twice as many buckets. One without a place there is found no more."""
        cdef int32_t name
        self.buckets = filled(2 * self.buckets.shape[0], MISSING)
        for name in range(self.count):
            self.place(name, self.hashes[name])
        return 0
