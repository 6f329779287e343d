// Names of the shared memory as the API writes them. Pure, any thread.

enum CounterName {
    /// `responses2xx` of the shared memory is `responses_2xx` here.
    static func snakeCase(_ name: String) -> String {
        var result = ""
        var last: Character = "_"
        for character in name {
            let startsWord = character.isUppercase || (character.isNumber && !last.isNumber)
            if startsWord, last != "_" { result += "_" }
            result += character.lowercased()
            last = character
        }
        return result
    }
}
