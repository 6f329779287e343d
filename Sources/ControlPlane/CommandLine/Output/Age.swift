// Ages for people: `2s`, `3m`, `9h`, `4d`. Pure.

import Clock

enum Age {
    /// Since a time as the API writes it; `-` if there is none.
    static func since(_ text: String?, now: WallTime) -> String {
        guard let text, let time = time(text) else { return "-" }
        let seconds = max(0, (now - time).wholeSeconds)
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }

    /// Reads `2026-11-21T00:10:03.412Z`; nil for anything of another shape.
    static func time(_ text: String) -> WallTime? {
        let bytes = Array(text.utf8)
        guard bytes.count == WallTime.byteCount, bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            Int64(String(decoding: bytes[range], as: UTF8.self))
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let millisecond = number(20..<23), (1...12).contains(month)
        else { return nil }
        // Days since 1970 of a date, years beginning in March so that the leap day is the last.
        let shiftedYear = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let leapDays = shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
        let days = shiftedYear * 365 + leapDays + dayOfYear - 719_468
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        return WallTime(milliseconds: seconds * 1000 + millisecond)
    }
}
