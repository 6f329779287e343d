// The checksum of a PROXY header's TLV (RFC 3309 appendix B): Castagnoli's polynomial, bits
// reflected. Bit by bit: at most 8 KB, once a connection, and only where the sender asks for it.

enum CRC32C {
    /// Of all bytes, with the four at `place` taken for zero.
    static func of(_ bytes: Bytes, zeroing place: Int) -> UInt32 {
        var sum = UInt32.max
        var index = 0
        while index < bytes.count {
            let isZeroed = index >= place && index < place + 4
            sum ^= isZeroed ? 0 : UInt32(bytes[index])
            var bit = 0
            while bit < 8 {
                sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0x82F6_3B78
                bit &+= 1
            }
            index &+= 1
        }
        return ~sum
    }
}
