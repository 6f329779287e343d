// Conversions in a `%{name:conversion}`.

import Model

extension TextConversion {
    /// Why a text is no conversion.
    struct ReadingProblem: Error {
        let text: String
        var suggestion: String?
    }

    private static let names = ["field", "hash", "json", "lower", "network", "upper"]

    /// What stands behind the first colon: conversions with colons between them.
    static func read(_ text: Substring) -> Result<[TextConversion], ReadingProblem> {
        var conversions: [TextConversion] = []
        var rest = text
        while true {
            let name = rest.prefix { $0 != ":" && $0 != "(" }
            rest = rest[name.endIndex...]
            var argument: Substring?
            if rest.first == "(" {
                // Any sign may be a separator, so the argument ends with its last parenthesis.
                let inside = rest.dropFirst()
                guard let end = endOfArgument(inside) else {
                    return .failure(problem("\"(\" is never closed, behind \(quoted(name))"))
                }
                argument = inside[..<end]
                rest = inside[end...].dropFirst()
            }
            switch conversion(String(name), argument.map(String.init)) {
            case .success(let one): conversions.append(one)
            case .failure(let problem): return .failure(problem)
            }
            if rest.isEmpty { break }
            guard rest.first == ":" else {
                return .failure(problem("\(quoted(rest)) follows \(quoted(name)), not a colon"))
            }
            rest = rest.dropFirst()
        }
        guard conversions.count <= countMax else {
            return .failure(problem("more than \(countMax) conversions of one value"))
        }
        return .success(conversions)
    }

    /// The parenthesis that a colon or nothing follows.
    private static func endOfArgument(_ text: Substring) -> Substring.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ")", next == text.endIndex || text[next] == ":" { return index }
            index = next
        }
        return nil
    }

    private static func conversion(
        _ name: String, _ argument: String?
    ) -> Result<TextConversion, ReadingProblem> {
        let read: TextConversion?
        let allowed: String
        switch name {
        case "lower", "upper", "hash":
            read =
                argument == nil
                ? (name == "lower" ? .lower : name == "upper" ? .upper : .hash) : nil
            allowed = "\(name) takes no argument"
        case "field":
            read = argument.flatMap(field)
            allowed =
                "field takes a number, 1 to \(fieldNumberMax) or from the end -1 to "
                + "-\(fieldNumberMax), a comma and one sign that stands between fields, no letter, "
                + "digit, %, { or }: field(1,,) or field(-1,/)"
        case "network":
            read = argument.flatMap(network)
            allowed =
                "network takes how many bits of an IPv4 and of an IPv6 address stay: "
                + "network(24,64)"
        case "json":
            read = argument.flatMap(json)
            allowed =
                "json takes 1 to \(jsonNamesMax) names with dots between them, or places in arrays "
                + "from 0: json(user.roles.0)"
        default:
            return .failure(
                ReadingProblem(
                    text: "unknown conversion \(quoted(name)), there are "
                        + names.joined(separator: ", "),
                    suggestion: Suggestion.nearest(to: name, in: names)))
        }
        return read.map { .success($0) } ?? .failure(problem(allowed))
    }

    private static func field(_ text: String) -> TextConversion? {
        guard let comma = text.firstIndex(of: ",") else { return nil }
        let separator = text[text.index(after: comma)...].utf8
        guard let number = Int(text[..<comma]), number != 0,
            (-fieldNumberMax...fieldNumberMax).contains(number), "\(number)" == text[..<comma],
            let byte = separator.first, separator.count == 1, isSeparator(byte)
        else { return nil }
        return .field(number, separator: byte)
    }

    private static func network(_ text: String) -> TextConversion? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, let ipv4 = Int(parts[0]), let ipv6 = Int(parts[1]),
            (0...32).contains(ipv4), (0...128).contains(ipv6), "\(ipv4),\(ipv6)" == text
        else { return nil }
        return .network(ipv4: ipv4, ipv6: ipv6)
    }

    private static func json(_ text: String) -> TextConversion? {
        let names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let areNames = names.allSatisfy { name in
            !name.isEmpty
                && name.utf8.allSatisfy { Names.isLetterOrDigit($0) || "_-@/:".utf8.contains($0) }
        }
        guard areNames, names.count <= jsonNamesMax, text.utf8.count <= 256 else { return nil }
        return .json(names)
    }

    private static func problem(_ text: String) -> ReadingProblem { ReadingProblem(text: text) }

    private static func quoted(_ text: some StringProtocol) -> String {
        ConfigurationLanguage.quoted(String(text))
    }
}
