// The tables, version by version. A version that was released is never edited: a new one follows.

internal import GRDB

enum StoreSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1", migrate: createFirst)
        migrator.registerMigration("revision-origin", migrate: addRevisionOrigin)
        migrator.registerMigration("idempotency", migrate: createIdempotency)
        migrator.registerMigration("audit", migrate: createAudit)
        migrator.registerMigration("server-override", migrate: createServerOverride)
        return migrator
    }

    private static func createIdempotency(_ database: Database) throws {
        try database.execute(
            sql: """
                -- A key is its sender's: two may choose the same.
                CREATE TABLE idempotency (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    principal TEXT NOT NULL,
                    key TEXT NOT NULL,
                    digest TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    reload TEXT NOT NULL,
                    -- NULL until the request was answered.
                    status INTEGER,
                    body BLOB,
                    UNIQUE (principal, key)
                );
                CREATE INDEX idempotency_age ON idempotency (created_at);
                """)
    }

    private static func createFirst(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE instance (id TEXT NOT NULL);
                CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
                -- AUTOINCREMENT: a number that was deleted is never given again.
                CREATE TABLE revision (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    sha256 TEXT NOT NULL,
                    text BLOB NOT NULL,
                    source_name TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    is_good INTEGER NOT NULL
                );
                CREATE TABLE reload (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    id TEXT NOT NULL UNIQUE,
                    created_at INTEGER NOT NULL,
                    payload BLOB NOT NULL
                );
                CREATE TABLE worker (
                    generation INTEGER NOT NULL,
                    place INTEGER NOT NULL,
                    pid INTEGER NOT NULL,
                    start_ticks INTEGER NOT NULL,
                    boot_id TEXT NOT NULL,
                    PRIMARY KEY (generation, place)
                );
                """)
    }

    /// Null in what was stored before.
    private static func addRevisionOrigin(_ database: Database) throws {
        try database.execute(
            sql: """
                ALTER TABLE revision ADD COLUMN reload TEXT;
                ALTER TABLE revision ADD COLUMN principal TEXT;
                ALTER TABLE revision ADD COLUMN reason TEXT;
                """)
    }

    private static func createAudit(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE audit (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    time INTEGER NOT NULL,
                    principal TEXT NOT NULL,
                    outcome TEXT NOT NULL,
                    payload BLOB NOT NULL
                );
                """)
    }

    private static func createServerOverride(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE server_override (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                    -- 0: everything was taken back.
                    is_set INTEGER NOT NULL,
                    backend TEXT NOT NULL,
                    server TEXT NOT NULL,
                    payload BLOB NOT NULL,
                    -- Of the payload.
                    sha256 TEXT NOT NULL,
                    UNIQUE (backend, server)
                );
                """)
    }
}
