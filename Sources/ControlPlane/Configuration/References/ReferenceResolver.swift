// What a reference stands for. The language asks a resolver and nobody else; the real one looks
// into the environment and the files of this process, at the time of the reading.

import Glibc

/// Finds the values of references. Each is asked for once in a reading.
public struct ReferenceResolver: Sendable {
    /// What became of one reference.
    public enum Outcome: Sendable, Equatable {
        /// Its value; the language checks that it is UTF-8 and not too long.
        case value([UInt8])
        /// There is none: an error at the place of the reference. The text says why, and does not
        /// repeat the reference.
        case missing(String)
        /// It is not looked for: the field is left unchecked, with this warning. For readings that
        /// check a document away from where it will run; what they read cannot be run.
        case withheld(String)
    }

    /// The longest value.
    public static let valueBytesMax = 64 << 10

    let resolve: @Sendable (Reference) -> Outcome
    /// A whole file by its absolute path, of at most so many bytes.
    let file: @Sendable (_ path: String, _ limit: Int) -> Outcome

    public init(
        file: @escaping @Sendable (_ path: String, _ limit: Int) -> Outcome = { _, _ in
            .withheld("not looked for here; what it holds is left unchecked")
        },
        _ resolve: @escaping @Sendable (Reference) -> Outcome
    ) {
        self.resolve = resolve
        self.file = file
    }

    /// The environment and the files of this process. A final line feed of a file is dropped.
    public static let surroundings = ReferenceResolver(
        file: { path, limit in
            do throws(RegularFile.Failure) {
                return .value(try RegularFile.read(path, limit: limit).bytes)
            } catch {
                return .missing("the file \(error.message)")
            }
        }
    ) { reference in
        switch reference.kind {
        case .environment: environment(reference.name).map { .value($0) } ?? .missing("not set")
        case .file: contents(reference.name)
        case .credential:
            switch environment("CREDENTIALS_DIRECTORY") {
            case .some(let directory) where directory.first == UInt8(ascii: "/"):
                contents("\(String(decoding: directory, as: UTF8.self))/\(reference.name)")
            default:
                .missing(
                    "CREDENTIALS_DIRECTORY is not set: a service manager sets it for a unit with "
                        + "LoadCredential= (systemd.exec(5))")
            }
        }
    }

    /// This process's surroundings as far as they go; what they do not have is a warning, since
    /// the master, which runs elsewhere or as somebody else, may have it.
    public static let lenientSurroundings = ReferenceResolver(
        file: { path, limit in lenient(surroundings.file(path, limit)) }
    ) { reference in
        let outcome = surroundings.resolve(reference)
        // What stands in for a value is written beside it.
        return reference.fallback == nil ? lenient(outcome) : outcome
    }

    private static func lenient(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .missing(let reason):
            .withheld("\(reason); the field is checked where the master reads it")
        case .value(let bytes): .value(bytes)
        case .withheld(let reason): .withheld(reason)
        }
    }

    /// Looks for nothing: for a text of somebody who may not read what it names.
    public static let withheld = ReferenceResolver { _ in
        .withheld("not looked for here; the field is left unchecked")
    }

    private static func environment(_ name: String) -> [UInt8]? {
        // SAFETY: the program never changes its environment, so what getenv(3) returns stays.
        guard let value = unsafe getenv(name) else { return nil }
        let length = unsafe strnlen(value, valueBytesMax + 1)
        // SAFETY: strnlen(3) has counted these bytes.
        return unsafe UnsafeBufferPointer(start: value, count: length).map {
            UInt8(bitPattern: $0)
        }
    }

    private static func contents(_ path: String) -> Outcome {
        do throws(RegularFile.Failure) {
            // One more, for the line feed.
            var bytes = try RegularFile.read(path, limit: valueBytesMax + 1).bytes
            if bytes.last == 0x0A { bytes.removeLast() }
            return .value(bytes)
        } catch {
            return .missing("the file \(error.message)")
        }
    }
}
