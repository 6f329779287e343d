// The fields of one head by position: fixed memory, filled by a head parser, read by rules and by
// the serialiser. Holds no bytes, only ranges counted from the first byte of the head. Hot, one per
// loop and direction, used again for each message.

/// One field line.
struct FieldSlot: BitwiseCopyable {
    var name = ByteRange()
    /// Without the blanks around it.
    var value = ByteRange()
    /// Behind the line's CRLF.
    private var lineEndOffset: Int32 = 0
    var lineEnd: Int {
        @inline(__always) get { Int(lineEndOffset) }
        @inline(__always) set { lineEndOffset = Int32(truncatingIfNeeded: newValue) }
    }
    var known = KnownField.other
    /// Nominated by `Connection`, or otherwise not to be forwarded.
    var isDropped = false
    /// Not written as `Name: value`: the serialiser puts that right.
    var isIrregular = false

    @inline(__always)
    init() {}

    /// A line as `Bytes.plainFieldLine(at:)` found it at `start` of `head`.
    @inline(__always)
    init(_ head: Bytes, _ start: Int, _ nameLength: Int, _ valueLength: Int) {
        let value = start &+ nameLength &+ 2
        name = ByteRange(start, start &+ nameLength)
        self.value = ByteRange(value, value &+ valueLength)
        lineEnd = value &+ valueLength &+ 2
        known = KnownField(head.slice(start, nameLength))
    }
}

/// Up to `capacity` fields in the order of arrival. The slots are memory of their own, taken once:
/// an InlineArray of them was copied whole (3 KB) by every read of one slot.
@safe
struct FieldTable: ~Copyable {
    /// The most a configuration may ask for (`MessageLimits.fieldCount`).
    static var capacity: Int { 128 }

    private let slots: UnsafeMutablePointer<FieldSlot>
    private(set) var count = 0
    /// Which known names are, or were, among them.
    private(set) var known = KnownFields()
    /// Each line can pass as it came: none is irregular or was dropped.
    private(set) var areRegular = true

    init() {
        // SAFETY: freed by deinit only; `~Copyable` makes this value the one owner.
        unsafe slots = UnsafeMutablePointer<FieldSlot>.allocate(capacity: Self.capacity)
        unsafe slots.initialize(repeating: FieldSlot(), count: Self.capacity)
    }

    deinit {
        // SAFETY: allocated by init, and nobody else frees it.
        unsafe slots.deallocate()
    }

    subscript(_ index: Int) -> FieldSlot {
        @inline(__always) get {
            precondition(index >= 0 && index < count, "no such field")
            // SAFETY: `count` never exceeds the capacity.
            return unsafe slots[index]
        }
    }

    @inline(__always)
    mutating func removeAll() {
        count = 0
        known = KnownFields()
        areRegular = true
    }

    /// The caller has seen to it that there is room.
    @inline(__always)
    mutating func append(_ slot: FieldSlot) {
        precondition(count < Self.capacity, "no room for a field")
        // SAFETY: `count` is below the capacity.
        unsafe slots[count] = slot
        count &+= 1
        known.insert(slot.known)
        if slot.isIrregular { areRegular = false }
    }

    mutating func drop(_ index: Int) {
        precondition(index >= 0 && index < count, "no such field")
        // SAFETY: `count` never exceeds the capacity.
        unsafe slots[index].isDropped = true
        areRegular = false
    }

    /// The value was written over by a shorter one, at the same place; by none: there is no field.
    mutating func shorten(_ index: Int, to length: Int) {
        precondition(index >= 0 && index < count, "no such field")
        precondition(length >= 0 && length <= Int(self[index].value.length), "no shorter value")
        // SAFETY: `count` never exceeds the capacity.
        unsafe slots[index].value.length = Int32(truncatingIfNeeded: length)
        unsafe slots[index].isIrregular = true
        areRegular = false
        if length == 0 { drop(index) }
    }

    /// Whether a field known as `field` is, or was, among them.
    @inline(__always)
    func knows(_ field: KnownField) -> Bool { known.contains(field) }

    /// The value of the first field known as `known`, or no bytes.
    func firstValue(_ known: KnownField, in head: Bytes) -> Bytes {
        var index = 0
        while index < count {
            if self[index].known == known { return head.slice(self[index].value) }
            index &+= 1
        }
        return .empty
    }

    /// The fields as they are now, borrowed: until the next head is read into the table.
    func view(in head: Bytes) -> FieldView {
        // SAFETY: the memory lives as long as the loop, and a view is used within one event.
        unsafe FieldView(slots: UnsafePointer(slots), count: count, head: head)
    }

    /// Drops every field of this name (lower or upper case).
    mutating func drop(named name: Bytes, in head: Bytes) {
        var index = 0
        while index < count {
            if equalIgnoringCase(head.slice(self[index].name), name) { drop(index) }
            index &+= 1
        }
    }
}

/// The fields of a request, for those who decide or write templates; what is not forwarded is not
/// seen either.
@safe
struct FieldView: BitwiseCopyable {
    private let slots: UnsafePointer<FieldSlot>?
    private let count: Int
    private let head: Bytes

    /// No field at all.
    init() {
        unsafe slots = nil
        count = 0
        head = .empty
    }

    @unsafe
    fileprivate init(slots: UnsafePointer<FieldSlot>, count: Int, head: Bytes) {
        unsafe self.slots = slots
        self.count = count
        self.head = head
    }

    /// The first field from `index` that `isWanted`, and moves `index` behind it.
    @inline(__always)
    private func next(from index: inout Int, _ isWanted: (FieldSlot) -> Bool) -> Bytes? {
        guard let slots = unsafe slots else { return nil }
        while index < count {
            // SAFETY: the index is below the count that the table vouched for.
            let slot = unsafe slots[index]
            index &+= 1
            if !slot.isDropped, isWanted(slot) { return head.slice(slot.value) }
        }
        return nil
    }

    /// The value of the next field of that name, which is lower case; begin with 0.
    @inline(__always)
    func next(_ lower: Bytes, from index: inout Int) -> Bytes? {
        next(from: &index) { head.slice($0.name).equalsIgnoringCase(lower) }
    }

    /// The value of the next field known as that; begin with 0.
    @inline(__always)
    func next(_ known: KnownField, from index: inout Int) -> Bytes? {
        next(from: &index) { $0.known == known }
    }

    /// The value of the first cookie of that name.
    func cookie(_ name: Bytes) -> Bytes? {
        var index = 0
        while let field = next(.cookie, from: &index) {
            var cookies = CookieList(field)
            while let cookie = cookies.next() {
                if cookie.name.equals(name) { return cookie.value }
            }
        }
        return nil
    }
}

/// Equality of two ASCII texts, either of them in any case; for the cold paths.
func equalIgnoringCase(_ one: Bytes, _ other: Bytes) -> Bool {
    guard one.count == other.count else { return false }
    var index = 0
    while index < one.count {
        if ASCII.lowercased(one[index]) != ASCII.lowercased(other[index]) { return false }
        index &+= 1
    }
    return true
}
