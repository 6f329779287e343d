// Regular expressions, wherever they stand.

import Model

extension ValueReader {
    /// One that can be run; a problem says what is wrong at which byte of it.
    func regularExpression() -> RegularExpression? {
        guard !refusesReference(as: "a regular expression"),
            let text = line(limit: RegularExpression.bytesMax)
        else { return nil }
        do throws(RegexProblem) {
            return try RegularExpression(text)
        } catch {
            report(
                .invalidValue,
                "\(quoted(text)) is no regular expression: at byte \(error.position), "
                    + error.reason)
            return nil
        }
    }

    /// The same for a path; the names of its groups can be used from here on.
    func pathRegex() -> RegularExpression? {
        let expression = regularExpression()
        if let expression { note(captures: expression.names) }
        return expression
    }

    /// Names of captures, of which a configuration has only so many.
    func note(captures names: [String]) {
        reading.document.captureNames.formUnion(names)
        reading.document.allCaptureNames.formUnion(names)
        if reading.document.allCaptureNames.count > PathPattern.namesMax {
            report(
                .tooLarge,
                "more than \(PathPattern.namesMax) names of captures in one configuration")
        }
    }
}
