// A configuration as its author would have written it, had they left nothing out: the language's
// shape with every default filled in, in one order. What the API shows as `view=effective`, and
// what two configurations are compared by. Pure, any thread; the counterparts that read it again
// are the readers in Objects.

public import JSON
public import Model

/// The canonical document of a configuration: equal configurations have equal documents, and
/// reading its JSON gives an equal configuration.
///
/// Things with identity are mappings keyed by name, sorted; routes are a list, in order. Lists are
/// lists even of one value. What has no default and is not set is left out. Labels and comments are
/// not of it: they stay in the text.
public struct EffectiveDocument: Sendable, Equatable {
    /// The document.
    public let value: JSONValue

    /// The document of a configuration, in time in proportion to it.
    public init(_ configuration: Configuration) {
        value = .object([
            "version": 1,
            "process": .process(configuration.process),
            "admin": .admin(configuration.admin),
            "log": .log(configuration.log),
            "defaults": .object(["timeouts": .defaultTimeouts(configuration)]),
            "maps": configuration.maps.isEmpty
                ? nil : .named(configuration.maps, \.name) { .map($0) },
            "conditions": configuration.conditions.isEmpty
                ? nil : .named(configuration.conditions, \.name) { .match($0.match) },
            "rate_limits": configuration.rateLimits.isEmpty
                ? nil : .named(configuration.rateLimits, \.name) { .rateLimit($0) },
            "users": configuration.users.isEmpty
                ? nil
                : .named(configuration.users, \.name) { list in
                    .named(list.users, \.name) { .string($0.hash) }
                },
            "frontends": .named(configuration.frontends, \.name) { .frontend($0) },
            "backends": .named(configuration.backends, \.name) { .backend($0) },
        ])
    }

    /// The document as JSON, indented by two spaces, with a line feed at the end.
    public func text() throws(JSONError) -> ConfigurationText {
        ConfigurationText(bytes: try JSONText.write(value, pretty: true) + [UInt8(ascii: "\n")])
    }
}

extension JSONValue {
    /// Members in this order; those without a value are left out.
    static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(
            JSONObject(
                members.compactMap { member in
                    member.value.map { JSONObject.Member(name: member.key, value: $0) }
                }))
    }

    static func named<Item>(
        _ items: [Item], _ name: KeyPath<Item, String>, _ value: (Item) -> JSONValue
    ) -> JSONValue {
        .object(
            JSONObject(
                items.map { JSONObject.Member(name: $0[keyPath: name], value: value($0)) }))
    }

    static func number(_ number: Int) -> JSONValue { .integer(Int64(number)) }

    static func time(_ duration: Duration) -> JSONValue { .string(Units.text(duration)) }

    static func size(_ bytes: Int) -> JSONValue { .string(Units.sizeText(bytes)) }

    static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
