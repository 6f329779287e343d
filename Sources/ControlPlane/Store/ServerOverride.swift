// What an operator said of a server at run time, as it is kept over the end of the master. One row a
// server; it is believed only if it is what was stored, so damage neither takes a server out of
// service nor puts one back.

internal import ConfigurationLanguage
internal import Foundation
internal import GRDB
internal import JSON
public import SharedState

/// All that is said of one server.
public struct ServerOverride: Hashable, Sendable {
    /// A number that goes before the configuration's.
    public struct Setting: Hashable, Sendable, Codable {
        public var value: Int
        /// What the configuration said then, nil: nothing. When it says something else, it wins.
        public var configured: Int?

        public init(value: Int, configured: Int?) {
            self.value = value
            self.configured = configured
        }
    }

    /// An address that goes before the configuration's.
    public struct AddressSetting: Hashable, Sendable, Codable {
        /// `10.0.0.12:8080`
        public var value: String
        /// What the configuration said then, an address or a name with a port. When it says something
        /// else, it wins.
        public var configured: String

        public init(value: String, configured: String) {
            self.value = value
            self.configured = configured
        }
    }

    public var backend: String
    public var server: String
    /// Nil: as configured.
    public var adminState: ServerAdminState?
    /// What the configuration said when that was wanted: in maintenance.
    public var wasDisabled = false
    /// Nil: as configured.
    public var address: AddressSetting?
    /// 0…256; nil: as configured.
    public var weight: Setting?
    /// 1…100000; nil: as configured.
    public var maxConnections: Setting?

    public init(backend: String, server: String) {
        self.backend = backend
        self.server = server
    }

    /// The server is as the configuration says.
    public var isEmpty: Bool {
        adminState == nil && address == nil && weight == nil && maxConnections == nil
    }
}

/// The form in the database: what was stored by an older version must stay readable.
struct StoredOverride: Codable {
    var backend: String
    var server: String
    /// READY where nothing is said, as long as the server was not disabled.
    var adminState: String
    /// Nil: false.
    var wasDisabled: Bool?
    var address: ServerOverride.AddressSetting?
    var weight: ServerOverride.Setting?
    var maxConnections: ServerOverride.Setting?

    init(_ override: ServerOverride) {
        backend = override.backend
        server = override.server
        adminState = (override.adminState ?? .ready).apiName
        wasDisabled = override.adminState != nil && override.wasDisabled ? true : nil
        address = override.address
        weight = override.weight
        maxConnections = override.maxConnections
    }

    /// Nil if it is not what this version could have stored.
    static func decode(_ payload: [UInt8]) -> ServerOverride? {
        guard let stored = try? JSONReader.decode(StoredOverride.self, from: payload),
            let state = ServerAdminState.allCases.first(where: { $0.apiName == stored.adminState })
        else { return nil }
        var override = ServerOverride(backend: stored.backend, server: stored.server)
        override.wasDisabled = stored.wasDisabled == true
        override.adminState = state == .ready && !override.wasDisabled ? nil : state
        override.address = stored.address
        override.weight = stored.weight
        override.maxConnections = stored.maxConnections
        let isInRange =
            (0...256).contains(override.weight?.value ?? 0)
            && (1...100_000).contains(override.maxConnections?.value ?? 1)
        return isInRange ? override : nil
    }

    /// - Parameter sha256: as it was stored with the payload.
    static func isWhole(_ payload: [UInt8], _ sha256: String) -> Bool {
        ConfigurationText(bytes: payload).sha256 == sha256
    }

    func encoded() throws(StoreError) -> [UInt8] {
        do throws(JSONError) {
            return try JSONWriter.encode(self)
        } catch {
            throw .failed("override of \(backend)/\(server): \(error)")
        }
    }
}

extension Store {
    /// How many servers are remembered of which everything was taken back, the newest ones. They
    /// are, so that salvage does not believe an older copy of a page.
    static let emptyOverrideCountMax = 1000

    /// Remembers what is said of a server now, in the place of what was.
    public func save(_ override: ServerOverride) throws(StoreError) {
        let payload = try StoredOverride(override).encoded()
        try write { database in
            // A new number: of two copies the higher one is the newer.
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO server_override
                        (is_set, backend, server, payload, sha256)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    override.isEmpty ? 0 : 1, override.backend, override.server, Data(payload),
                    ConfigurationText(bytes: payload).sha256,
                ])
            try Self.forgetEmptyOverrides(in: database)
        }
    }

    static func forgetEmptyOverrides(in database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM server_override WHERE NOT is_set AND sequence <=
                    (SELECT max(sequence) FROM server_override) - \(emptyOverrideCountMax)
                """)
    }

    /// Of all servers of which something is said, by backend and server. One that this version
    /// cannot read is left out.
    public func serverOverrides() throws(StoreError) -> [ServerOverride] {
        let payloads = try read { database in
            try Data.fetchAll(
                database,
                sql: "SELECT payload FROM server_override WHERE is_set ORDER BY backend, server")
        }
        return payloads.compactMap { StoredOverride.decode(Array($0)) }
    }
}
