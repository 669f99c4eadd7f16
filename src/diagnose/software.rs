//! Which server it is, as it names itself, and what its settings are called there.

use crate::report::{Reply, Session};

/// A server that names itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Software {
    Vsftpd,
    ProFtpd,
    PureFtpd,
    FileZilla,
    Iis,
    Pyftpdlib,
    /// Another one, whose settings are not known here.
    Other,
}

/// What an advice would have set on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// The address that replies to PASV name.
    PassiveAddress,
    /// The ports that it listens on for passive data connections.
    PassivePorts,
    /// When an idle session ends.
    IdleTimeout,
    /// Active data connections from port 20.
    ActiveFromPort20,
    /// Data connections need not resume the TLS session of the control connection.
    NoTlsReuse,
    /// A TLS data connection may end without close_notify.
    LenientTlsEnd,
    /// Cipher suites.
    Ciphers,
    /// No look-ups of the client's name.
    NoReverseDns,
    /// No look-ups of the client's user.
    NoIdent,
    /// How many sessions a client or user may have.
    SessionLimit,
}

impl Software {
    /// The servers whose settings an advice names where none is known.
    const USUAL: [Self; 3] = [Self::Vsftpd, Self::ProFtpd, Self::PureFtpd];

    /// What a session's server says that it is; none where it does not say.
    fn of(session: &Session) -> Option<Self> {
        let said = session.greeting.iter().filter(|reply| reply.code != 421).map(|reply: &Reply| &reply.text);
        said.chain(&session.system).find_map(|text| Self::named(text.raw()))
    }

    fn named(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let known = [
            ("vsftpd", Self::Vsftpd),
            ("proftpd", Self::ProFtpd),
            ("pure-ftpd", Self::PureFtpd),
            ("filezilla server", Self::FileZilla),
            ("microsoft ftp", Self::Iis),
            ("pyftpdlib", Self::Pyftpdlib),
        ];
        let others = ["wu-ftpd", "drftpd", "minio", "serv-u", "wing ftp", "glftpd", "crushftp", "titan ftp"];
        let software = known.iter().find(|(name, _)| text.contains(name)).map(|&(_, software)| software);
        software.or_else(|| others.iter().any(|name| text.contains(name)).then_some(Self::Other))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Vsftpd => "vsftpd",
            Self::ProFtpd => "ProFTPD",
            Self::PureFtpd => "Pure-FTPd",
            Self::FileZilla => "FileZilla Server",
            Self::Iis => "IIS",
            Self::Pyftpdlib => "pyftpdlib",
            Self::Other => "",
        }
    }

    const fn setting(self, setting: Setting) -> Option<&'static str> {
        match self {
            Self::Vsftpd => Some(match setting {
                Setting::PassiveAddress => "pasv_address",
                Setting::PassivePorts => "pasv_min_port and pasv_max_port",
                Setting::IdleTimeout => "idle_session_timeout",
                Setting::ActiveFromPort20 => "connect_from_port_20=YES",
                Setting::NoTlsReuse => "require_ssl_reuse=NO",
                Setting::LenientTlsEnd => "strict_ssl_read_eof=NO",
                Setting::Ciphers => "ssl_ciphers",
                Setting::NoReverseDns => "reverse_lookup_enable=NO",
                Setting::SessionLimit => "max_per_ip and max_clients",
                Setting::NoIdent => return None,
            }),
            Self::ProFtpd => match setting {
                Setting::PassiveAddress => Some("MasqueradeAddress"),
                Setting::PassivePorts => Some("PassivePorts"),
                Setting::IdleTimeout => Some("TimeoutNoTransfer and TimeoutIdle"),
                Setting::NoTlsReuse => Some("TLSOptions NoSessionReuseRequired"),
                Setting::Ciphers => Some("TLSCipherSuite"),
                Setting::NoReverseDns => Some("UseReverseDNS off"),
                Setting::NoIdent => Some("IdentLookups off"),
                Setting::SessionLimit => Some("MaxClientsPerHost, MaxClientsPerUser"),
                Setting::ActiveFromPort20 | Setting::LenientTlsEnd => None,
            },
            Self::PureFtpd => match setting {
                Setting::PassiveAddress => Some("-P"),
                Setting::PassivePorts => Some("-p"),
                Setting::IdleTimeout => Some("-I"),
                Setting::Ciphers => Some("-J"),
                Setting::NoReverseDns => Some("-H"),
                Setting::SessionLimit => Some("-C and -y"),
                Setting::ActiveFromPort20
                | Setting::NoTlsReuse
                | Setting::LenientTlsEnd
                | Setting::NoIdent => None,
            },
            Self::FileZilla => match setting {
                Setting::PassiveAddress | Setting::PassivePorts => Some("“Passive mode”"),
                Setting::IdleTimeout => Some("“Timeouts”"),
                Setting::ActiveFromPort20
                | Setting::NoTlsReuse
                | Setting::LenientTlsEnd
                | Setting::Ciphers
                | Setting::NoReverseDns
                | Setting::NoIdent
                | Setting::SessionLimit => None,
            },
            Self::Iis => match setting {
                Setting::PassiveAddress | Setting::PassivePorts => Some("“FTP Firewall Support”"),
                Setting::IdleTimeout => Some("“Control Channel Timeout”"),
                Setting::ActiveFromPort20
                | Setting::NoTlsReuse
                | Setting::LenientTlsEnd
                | Setting::Ciphers
                | Setting::NoReverseDns
                | Setting::NoIdent
                | Setting::SessionLimit => None,
            },
            Self::Pyftpdlib => match setting {
                Setting::PassiveAddress => Some("masquerade_address"),
                Setting::PassivePorts => Some("passive_ports"),
                Setting::IdleTimeout => Some("timeout"),
                Setting::SessionLimit => Some("max_cons and max_cons_per_ip"),
                Setting::ActiveFromPort20
                | Setting::NoTlsReuse
                | Setting::LenientTlsEnd
                | Setting::Ciphers
                | Setting::NoReverseDns
                | Setting::NoIdent => None,
            },
            Self::Other => None,
        }
    }
}

/// What a setting is called on the server of a session, in parentheses after a space; on the usual servers where
/// it does not say which it is, and nothing where its settings are not known.
pub(super) fn called(setting: Setting, session: &Session) -> String {
    let named = |software: Software| {
        software.setting(setting).map(|setting| format!("{} {setting}", software.name()))
    };
    let names: Vec<String> = match Software::of(session) {
        Some(software) => named(software).into_iter().collect(),
        None => Software::USUAL.into_iter().filter_map(named).collect(),
    };
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::report::testing::{reply, session};

    #[test]
    fn the_setting_of_the_server_at_hand_is_named_and_those_of_the_usual_ones_where_none_says_its_name() {
        for (greeting, expected) in [
            ("(vsFTPd 3.0.3)", " (vsftpd pasv_address)"),
            ("ProFTPD Server (Debian) [203.0.113.40]", " (ProFTPD MasqueradeAddress)"),
            ("Microsoft FTP Service", " (IIS “FTP Firewall Support”)"),
            ("MinIO FTP Server", ""),
            ("FTP server ready", " (vsftpd pasv_address, ProFTPD MasqueradeAddress, Pure-FTPd -P)"),
        ] {
            let told = session().but(|it| it.greeting = vec![reply(Timestamp::default(), 1, 220, greeting)]);
            assert_eq!(called(Setting::PassiveAddress, &told.session), expected, "{greeting}");
        }
    }
}
