// What a route does, compiled: version-neutral, written out by a codec. Read-only, shared by all loops
// of a worker; the bytes are the arena's.

/// What a route does.
enum CompiledAction: BitwiseCopyable {
    /// An index into the backends the table was compiled with.
    case backend(Int)
    /// A run of one.
    case mappedBackend(Run<CompiledMap>)
    case respond(CompiledResponse)
    case redirect(CompiledRedirect)
    /// Milliseconds until the refusal; 0: at once.
    case deny(status: Int, delay: Int64)
}

struct CompiledResponse: BitwiseCopyable {
    /// 200…599.
    let status: Int
    let contentType: Bytes
    let body: CompiledTemplate
}

/// Either `location`, or the request's own URL with the given parts (empty: kept) replaced.
struct CompiledRedirect: BitwiseCopyable {
    let status: Int
    let location: CompiledTemplate
    let scheme: Bytes
    let host: Bytes
    let path: Bytes
}
