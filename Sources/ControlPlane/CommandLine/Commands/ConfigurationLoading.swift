// Configuration files for commands that work without a master.

import ConfigurationLanguage

extension ConfigurationText {
    /// The file at `path`, or the embedded default. A file that cannot be read is a problem of
    /// the configuration, too.
    static func source(path: String?) throws(CommandFailure) -> ConfigurationSource {
        guard let path else { return EmbeddedConfiguration.source }
        do {
            return try ConfigurationFile.load(path)
        } catch {
            Console.error("\(error)")
            throw CommandFailure(.configurationInvalid)
        }
    }
}
