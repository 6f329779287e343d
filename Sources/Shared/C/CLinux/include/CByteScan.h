// Byte searches of the HTTP/1 message layer (Bytes.swift is the only caller). They are C because
// Swift's SIMD types have no movemask; being `static inline` they cost no call. Every function reads
// at most `count` bytes from `bytes` and returns `count` when nothing was found. No state, any thread.
#ifndef CBYTESCAN_H
#define CBYTESCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// 1: a tchar (RFC 9110 §5.6.2). 3: the tchar '_', which CGI-like servers read as '-'.
static const uint8_t apus_token_class[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 3, ['`'] = 1, ['|'] = 1, ['~'] = 1,
    ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
    ['8'] = 1, ['9'] = 1,
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1,
    ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1,
    ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
    ['Y'] = 1, ['Z'] = 1,
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1,
    ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1,
    ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
    ['y'] = 1, ['z'] = 1,
};

static inline int apus_is_token(uint8_t byte) { return apus_token_class[byte] & 1; }

#if defined(__SSE2__)
// A bit for each of sixteen bytes that is no letter, digit or '-'.
static inline unsigned apus_unnamed_mask(const uint8_t *bytes) {
    __m128i v = _mm_loadu_si128((const __m128i *)bytes);
    __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i plain = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter);
    plain = _mm_or_si128(plain, _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
    plain = _mm_or_si128(plain, _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
    return (unsigned)_mm_movemask_epi8(plain) ^ 0xffff;
}

// A bit for each of sixteen bytes that may not stand in a field value.
static inline unsigned apus_not_value_mask(const uint8_t *bytes) {
    __m128i v = _mm_loadu_si128((const __m128i *)bytes);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x09));
    __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del));
}

// First byte from `i` that `mask` marks, or `count`, which is sixteen at least: the end is read by
// the last sixteen bytes, some of them for the second time.
static inline __attribute__((always_inline)) size_t apus_first_marked(
    unsigned (*mask)(const uint8_t *), const uint8_t *bytes, size_t i, size_t count) {
    for (; count - i >= 16; i += 16) {
        unsigned marked = mask(bytes + i);
        if (marked != 0) return i + (size_t)__builtin_ctz(marked);
    }
    unsigned marked = mask(bytes + count - 16) >> (16 - (count - i));
    return marked != 0 ? i + (size_t)__builtin_ctz(marked) : count;
}
#endif

// Length of the token at the start; bit 62 is set when it holds a '_'.
static inline uint64_t apus_scan_token(const uint8_t *bytes, size_t count) {
    size_t i = 0;
    uint8_t seen = 0;
#if defined(__SSE2__)
    // Sixteen at a time: nearly every name is letters, digits and '-' only.
    for (; count - i >= 16; i += 16) {
        unsigned mask = apus_unnamed_mask(bytes + i);
        if (mask != 0) {
            i += (size_t)__builtin_ctz(mask);
            break;
        }
    }
#endif
    for (; i < count; i++) {
        uint8_t class = apus_token_class[bytes[i]];
        if (class == 0) break;
        seen |= class;
    }
    return (uint64_t)i | ((uint64_t)(seen & 2) << 61);
}

// First byte that may not stand in a field value: a control other than HTAB, or DEL.
static inline size_t apus_scan_field_value(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; count - i >= 16; i += 16) {
        unsigned mask = apus_not_value_mask(bytes + i);
        if (mask != 0) return i + (size_t)__builtin_ctz(mask);
    }
#endif
    for (; i < count; i++) {
        uint8_t c = bytes[i];
        if ((c < 0x20 && c != 0x09) || c == 0x7f) return i;
    }
    return count;
}

// A field line as nearly all are: a name of letters, digits and '-', a colon, one space, a value that
// neither begins nor ends with a blank, CRLF. The length of the name, and that of the value in the
// upper half; 0 for any other line, and for one that may not be complete.
static inline uint64_t apus_scan_plain_line(const uint8_t *bytes, size_t count) {
#if defined(__SSE2__)
    if (count < 16) return 0;
    size_t name = apus_first_marked(apus_unnamed_mask, bytes, 0, count);
    if (name == 0 || count - name < 3 || bytes[name] != ':' || bytes[name + 1] != ' ' ||
        bytes[name + 2] <= ' ')
        return 0;
    size_t end = apus_first_marked(apus_not_value_mask, bytes, name + 2, count);
    if (count - end < 2 || bytes[end] != '\r' || bytes[end + 1] != '\n' || bytes[end - 1] <= ' ')
        return 0;
    return (uint64_t)name | (uint64_t)(end - name - 2) << 32;
#else
    (void)bytes, (void)count;
    return 0;
#endif
}

// First byte of a request target that is not plain in a path: not visible ASCII, or one of % \ # ? .
static inline size_t apus_scan_path(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; count - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(bytes + i));
        // Signed compare: bytes from 0x80 are negative, so `> 0x20` leaves 0x21...0x7f.
        __m128i plain = _mm_cmpgt_epi8(v, _mm_set1_epi8(0x20));
        __m128i stop = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('%')));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('#')));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('?')));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('.')));
        int mask = (_mm_movemask_epi8(plain) ^ 0xffff) | _mm_movemask_epi8(stop);
        if (mask != 0) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < count; i++) {
        uint8_t c = bytes[i];
        if (c <= 0x20 || c >= 0x7f || c == '%' || c == '\\' || c == '#' || c == '?' || c == '.')
            return i;
    }
    return count;
}

// First byte that may not stand in a query: not visible ASCII, or #.
static inline size_t apus_scan_query(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; count - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(bytes + i));
        __m128i plain = _mm_cmpgt_epi8(v, _mm_set1_epi8(0x20));
        __m128i stop = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('#')));
        int mask = (_mm_movemask_epi8(plain) ^ 0xffff) | _mm_movemask_epi8(stop);
        if (mask != 0) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < count; i++) {
        uint8_t c = bytes[i];
        if (c <= 0x20 || c >= 0x7f || c == '#') return i;
    }
    return count;
}

#if defined(__SSE2__)
static inline unsigned apus_unprintable_mask(const uint8_t *bytes) {
    __m128i v = _mm_loadu_si128((const __m128i *)bytes);
    __m128i plain = _mm_cmpgt_epi8(v, _mm_set1_epi8(0x1f));
    __m128i stop = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    return (unsigned)((_mm_movemask_epi8(plain) ^ 0xffff) | _mm_movemask_epi8(stop));
}
#endif

// First byte that a log line may not hold as it is: not printable ASCII, a quote or a backslash.
static inline size_t apus_scan_printable(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; count - i >= 16; i += 16) {
        unsigned mask = apus_unprintable_mask(bytes + i);
        if (mask != 0) return i + (size_t)__builtin_ctz(mask);
    }
    if (count >= 16 && i < count) {
        // The last sixteen once more, as far as they were seen they are printable.
        unsigned mask = apus_unprintable_mask(bytes + count - 16);
        return mask != 0 ? count - 16 + (size_t)__builtin_ctz(mask) : count;
    }
#endif
    for (; i < count; i++) {
        uint8_t c = bytes[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') return i;
    }
    return count;
}

static inline size_t apus_find_byte(const uint8_t *bytes, size_t count, uint8_t byte) {
    if (count == 0) return 0;
    const uint8_t *found = (const uint8_t *)memchr(bytes, byte, count);
    return found ? (size_t)(found - bytes) : count;
}

// 0 if eight bytes equal eight of `lower` when the case of letters is ignored: a difference in bit
// 0x20 counts only where `lower` has no letter, a to z.
static inline uint64_t apus_differ_lower(const uint8_t *bytes, const uint8_t *lower) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t a, b;
    memcpy(&a, bytes, 8);
    memcpy(&b, lower, 8);
    uint64_t low = b & (0x7f * ones);
    uint64_t letters = (low + 0x1f * ones) & ~(low + 0x05 * ones) & ~b & (0x80 * ones);
    return (a ^ b) & ~(letters >> 2);
}

// Whether the ASCII text equals `lower` (already in lower case) when case is ignored.
static inline int apus_equals_lower(const uint8_t *bytes, const uint8_t *lower, size_t count) {
    if (count >= 8) {
        size_t i = 0;
        for (; count - i > 8; i += 8)
            if (apus_differ_lower(bytes + i, lower + i) != 0) return 0;
        // The last eight, some of them for the second time.
        return apus_differ_lower(bytes + count - 8, lower + count - 8) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t c = bytes[i];
        c |= (uint8_t)((uint8_t)(c - 'A') < 26) << 5;
        if (c != lower[i]) return 0;
    }
    return 1;
}

// The same where `bytes` is a token and `lower` letters, digits and '-': bit 0x20 apart, no other byte
// of a token is one of these.
static inline int apus_equals_name(const uint8_t *bytes, const uint8_t *lower, size_t count) {
    size_t i = 0;
    for (; count - i >= 8; i += 8) {
        uint64_t a, b;
        memcpy(&a, bytes + i, 8);
        memcpy(&b, lower + i, 8);
        if ((a | 0x2020202020202020u) != b) return 0;
    }
    if (count - i >= 4) {
        uint32_t a, b;
        memcpy(&a, bytes + i, 4);
        memcpy(&b, lower + i, 4);
        if ((a | 0x20202020u) != b) return 0;
        i += 4;
    }
    for (; i < count; i++)
        if ((bytes[i] | 0x20) != lower[i]) return 0;
    return 1;
}

// The same for field names in which `_` is `-`: CGI and what descends from it reads both as one.
static inline int apus_equals_field(const uint8_t *bytes, const uint8_t *lower, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t c = bytes[i];
        c |= (uint8_t)((uint8_t)(c - 'A') < 26) << 5;
        if (c == '_') c = '-';
        if (c != lower[i]) return 0;
    }
    return 1;
}

// The two may overlap.
static inline void apus_move(uint8_t *to, const uint8_t *from, size_t count) {
    if (count != 0) memmove(to, from, count);
}

static inline int apus_equals(const uint8_t *a, const uint8_t *b, size_t count) {
    return count == 0 || memcmp(a, b, count) == 0;
}

#endif
