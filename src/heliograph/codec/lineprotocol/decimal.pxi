# Decimal numbers to the bits of the nearest double: Eisel and Lemire's method, in whole numbers only, so
# that it gives the same on every machine and needs neither the GIL nor a locale.
# Source: D. Lemire, "Number parsing at a gigabyte per second", 2021; what it cannot decide, Python's float() does.

from array import array
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from *:
    int leading_zeros "__builtin_clzll"(unsigned long long) noexcept nogil

cdef enum:
    LOWEST_POWER = -80
    HIGHEST_POWER = 80
    MOST_DIGITS = 19
    # All bits set are those of a NaN, which no decimal number is.
    UNDECIDED = -1

cdef uint64_t LOW_32 = <uint64_t>4294967295U
cdef uint64_t ALL_64 = ~<uint64_t>0


def _powers_of_five():
    """Return the upper 128 bits of 5**n for each n, as pairs of high and low half.

    Those of negative powers are rounded up, those of the others down, as the method wants them.
    """
    halves = array("Q")
    for power in range(LOWEST_POWER, HIGHEST_POWER + 1):
        if power >= 0:
            bits = 5**power
            bits = bits << 128 >> bits.bit_length()
        else:
            five = 5**-power
            bits = (1 << (127 + five.bit_length())) // five + 1
        halves.append(bits >> 64)
        halves.append(bits & (2**64 - 1))
    return halves


cdef const uint64_t[::1] POWERS = _powers_of_five()


cdef inline uint64_t upper_product(uint64_t a, uint64_t b) noexcept nogil:
    """The upper half of a product of 128 bits. Not every machine has a type of that size."""
    cdef uint64_t al = a & LOW_32, ah = a >> 32
    cdef uint64_t bl = b & LOW_32, bh = b >> 32
    cdef uint64_t middle = ah * bl + (al * bl >> 32)
    cdef uint64_t other = al * bh + (middle & LOW_32)
    return ah * bh + (middle >> 32) + (other >> 32)


cdef int64_t double_bits(uint64_t digits, int64_t power) except? UNDECIDED nogil:
    """The bits of the double nearest to ``digits * 10**power``, or UNDECIDED."""
    cdef uint64_t high, low, extra, mantissa
    cdef int zeros, upper, shift
    cdef int64_t exponent
    cdef Py_ssize_t at
    if digits == 0:
        return 0
    if power < LOWEST_POWER or power > HIGHEST_POWER:
        return UNDECIDED
    zeros = leading_zeros(digits)
    digits <<= zeros
    at = 2 * (power - LOWEST_POWER)
    high = upper_product(digits, POWERS[at])
    low = digits * POWERS[at]
    if high & 511 == 511:
        extra = upper_product(digits, POWERS[at + 1])
        low += extra
        if low < extra:
            high += 1
        if low == ALL_64 and (power < -27 or power > 55):
            return UNDECIDED
    upper = <int>(high >> 63)
    shift = upper + 9
    mantissa = high >> shift
    # floor(power * log2(10)) + 63, and the bias of a double's exponent.
    exponent = ((217706 * power) >> 16) + 63 + upper - zeros + 1023
    if exponent <= 0 or exponent >= 2046:
        return UNDECIDED
    # Exactly between two doubles: to the even one.
    if low <= 1 and power >= -4 and power <= 23 and mantissa & 3 == 1 and mantissa << shift == high:
        mantissa -= 1
    mantissa = (mantissa + (mantissa & 1)) >> 1
    if mantissa >> 53:
        mantissa >>= 1
        exponent += 1
    return <int64_t>((<uint64_t>exponent << 52) | (mantissa & ((<uint64_t>1 << 52) - 1)))
