/// What an answer of our own says instead of its status and reason: `errors."503"`.
public struct ErrorPage: Codable, Sendable, Equatable {
    /// 400…599.
    public var status: Int
    public var contentType: String
    public var body: Template

    public init(status: Int, contentType: String, body: Template) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}
