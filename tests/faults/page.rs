//! The HTML page in a real browser: nothing that a peer sent becomes markup, runs, or asks the network for
//! anything.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{folder, pcap_file, run, said};

/// What would run, load something, leave its element, or end the document.
const HOSTILE: [&str; 8] = [
    "<script>document.title='owned'</script>",
    "<img src=http://evil.example/a onerror=document.title='owned'>",
    "</bdi></td></table><iframe src=http://evil.example/b></iframe>",
    "'\"><svg onload=document.title='owned'><image href=http://evil.example/c></svg>",
    "--></style><style>@import url(http://evil.example/d);*{display:none}",
    "</title></svg><link rel=stylesheet href=http://evil.example/e>",
    "<meta http-equiv=refresh content=0;url=http://evil.example/f>",
    "&#60;script&#62;document.title='owned'&#60;/script&#62;",
];

fn capture() -> Vec<u8> {
    let sessions = HOSTILE.into_iter().zip(20_000..).map(|(text, port)| {
        format!(
            r"
            session A C:{port} -> S:21
            S: 220 {text} ready
            C: USER {text}
            S: 331 {text}?
            C: PASS x
            S: 230 {text}
            C: CLNT {text}
            S: 200 ok
            C: RETR {text}.pdf
            S: 550 {text} not found
            C: {text}
            S: 500 {text}
            end S
            "
        )
    });
    pcap_file::of(&sessions.collect::<Vec<_>>().concat())
}

/// A listener that all names lead to, and what was asked of it.
struct Network {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Network {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
                let mut request = [0; 2048];
                let length = stream.read(&mut request).unwrap_or(0);
                heard.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                // The browser may be gone.
                drop(
                    stream.write_all(
                        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    ),
                );
            }
        });
        Self { port, asked }
    }

    /// Requests for what only the capture names; a browser has errands of its own.
    fn evil(&self) -> Vec<String> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.contains("evil.example"))
            .cloned()
            .collect()
    }
}

fn browser() -> Option<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(|name| {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
    });
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "no Chromium is installed");
    if found.is_none() {
        println!("left out: no Chromium is installed");
    }
    found
}

/// Opens a page. Returns what the document became.
fn open(browser: &Path, folder: &Path, page: &Path, network: &Network, more: &[&str]) -> String {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=1180,1600", "--virtual-time-budget=3000", "--timeout=20000"])
        .arg(format!("--host-resolver-rules=MAP * 127.0.0.1:{}", network.port))
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(more)
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_page_of_hostile_sessions_runs_nothing_and_asks_for_nothing() {
    let Some(browser) = browser() else { return };
    let (folder, network) = (folder(0), Network::new());
    fs::write(folder.path().join("evil.pcap"), capture()).unwrap();
    let page = folder.path().join("report.html");
    let output = run(&folder, ["export", "-T", "html", "-o", "report.html", "evil.pcap"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));

    let document = open(&browser, folder.path(), &page, &network, &["--dump-dom"]);
    assert_eq!(document.matches("<section class=\"session\"").count(), HOSTILE.len(), "{document}");
    assert!(document.contains("<title>FTP sessions</title>"), "{document}");
    for tag in ["<script", "<img", "<iframe", "<link", "<image", "<meta http-equiv=\"refresh"] {
        assert!(!document.contains(tag), "{tag}");
    }
    assert!(document.contains("&lt;script&gt;document.title='owned'&lt;/script&gt;"), "{document}");
    assert_eq!(network.evil(), Vec::<String>::new());

    // A picture of it, for whoever wants to look.
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-report.png");
    let screenshot = format!("--screenshot={}", picture.display());
    open(&browser, folder.path(), &page, &network, &[&screenshot, "--hide-scrollbars"]);
    assert!(fs::metadata(&picture).unwrap().len() > 10_000);

    // What is not escaped does run and ask: the test would notice.
    let careless = folder.path().join("careless.html");
    fs::write(&careless, HOSTILE.concat()).unwrap();
    let document = open(&browser, folder.path(), &careless, &network, &["--dump-dom"]);
    assert!(document.contains("<script"), "{document}");
    assert!(!network.evil().is_empty());
}
