//! Of what kind a content is, where a media type tells less.

use crate::base::choices;

choices! {
    /// The kind of a content, as far as its first bytes show it.
    pub enum ContentKind {
        /// Nothing at all.
        Empty => "empty",
        /// UN/EDIFACT: begins with UNA or UNB.
        Edifact => "edifact" | "EDIFACT",
        /// ANSI ASC X12: begins with an ISA segment.
        X12 => "x12" | "ANSI X12",
        /// A SWIFT message of the MT family.
        SwiftMt => "swift-mt" | "SWIFT MT",
        /// XML in a namespace of ISO 20022.
        Iso20022 => "iso-20022" | "ISO 20022 XML",
        /// Other XML.
        Xml => "xml" | "XML",
        /// A JSON text.
        Json => "json" | "JSON",
        /// JSON texts, one a line.
        JsonLines => "json-lines" | "JSON Lines",
        /// Values separated by commas or semicolons.
        Csv => "csv" | "CSV",
        /// Values separated by tabs.
        Tsv => "tsv" | "tab-separated values",
        /// An encrypted or signed OpenPGP message.
        PgpMessage => "pgp-message" | "OpenPGP message",
        /// OpenPGP keys.
        PgpKeys => "pgp-keys" | "OpenPGP keys",
        /// An OpenPGP signature on something else.
        PgpSignature => "pgp-signature" | "OpenPGP signature",
        /// PKCS #7 or CMS, in DER or PEM.
        Pkcs7 => "pkcs7" | "PKCS #7",
        /// Text in a code page of the EBCDIC family.
        EbcdicText => "ebcdic-text" | "EBCDIC text",
        /// Text whose lines end with CR LF.
        DosText => "dos-text" | "text, CR LF",
        /// Text whose lines end with LF.
        UnixText => "unix-text" | "text, LF",
        /// Text whose lines end in both ways.
        MixedText => "mixed-text" | "text, CR LF and LF",
        /// Text without a line end.
        Text => "text",
    }
}

impl ContentKind {
    /// The media type that is registered or usual for it.
    pub const fn mime(self) -> Option<&'static str> {
        Some(match self {
            Self::Empty => return None,
            Self::Edifact => "application/edifact",
            Self::X12 => "application/edi-x12",
            Self::Iso20022 | Self::Xml => "text/xml",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::PgpMessage => "application/pgp-encrypted",
            Self::PgpKeys => "application/pgp-keys",
            Self::PgpSignature => "application/pgp-signature",
            Self::Pkcs7 => "application/pkcs7-mime",
            Self::SwiftMt
            | Self::EbcdicText
            | Self::DosText
            | Self::UnixText
            | Self::MixedText
            | Self::Text => "text/plain",
        })
    }
}
