// A field whose value only the machine that runs it can judge: a name of an account, a socket that was
// passed to the master. A reading of the text notes where it is said; who runs it looks, and says so
// at that place. Pure value.

public import Model

/// A place of the text, with what stands there.
public struct MachineField: Sendable, Hashable {
    /// Of an entry of `bind`, which no other has; nil: an account.
    public let address: ListenAddress?
    /// RFC 6901: of the field.
    public let pointer: String
    /// The value as problems show it: in quotes, or the reference that it came from.
    public let shown: String
    private let file: String
    private let position: TextPosition
    private let owner: String?

    init(_ address: ListenAddress, at value: ValueReader) {
        self.init("\(address)", address, at: value)
    }

    init(_ text: String, _ address: ListenAddress? = nil, at value: ValueReader) {
        self.address = address
        pointer = value.pointer
        shown = value.quoted(text)
        file = value.reading.problems.file
        position = value.node.position
        owner = value.owner
    }

    /// What is wrong with it, in words that go behind its value.
    public func problem(
        _ code: ConfigurationProblem.Code, _ message: String
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            code: code, file: file, position: position, pointer: pointer,
            message: "\(shown) \(message)", owner: owner)
    }
}
