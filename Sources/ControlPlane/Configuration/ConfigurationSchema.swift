// The JSON Schema (2020-12) of the language for editors, pipelines and the API. It is written by
// hand in api/config.schema.json and compiled in as it is; a test holds it equal to the readers in
// Objects/. The readers do not use it: they say more, and say where. Any thread.

import CContract

/// What a configuration may hold, for programs that do not speak to Apus.
public enum ConfigurationSchema {
    /// The file's bytes, UTF-8 with a final line feed: a copy that lives as long as its caller
    /// keeps it.
    public static var bytes: [UInt8] {
        // SAFETY: bytes and count are of one static array, which is never freed or written.
        let document = unsafe ccontract_config_schema()
        return unsafe Array(UnsafeBufferPointer(start: document.bytes, count: document.count))
    }
}
