# webdriver.sh - a headless Chromium, driven by chromedriver over HTTP with curl; sourced by bash.

profile=$(mktemp -d "$PWD/build/chromium.XXXXXX")
trap 'browser_stop' EXIT

browser_stop() {
    [ -z "$session" ] || browser_call DELETE "" >/dev/null
    [ -z "$driver" ] || kill "$driver" 2>/dev/null
    rm -rf "$profile"
}

# browser_call METHOD PATH [JSON]: the answer's "value", as JSON.
browser_call() {
    curl -s -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://127.0.0.1:$port/session${session:+/$session}$2" |
        sed 's/^{"value"://; s/}$//'
}

# browser_start: chromedriver picks a free port and says which.
browser_start() {
    local flags
    chromedriver --port=0 >"$profile/driver.log" 2>&1 &
    driver=$!
    for _ in $(seq 100); do
        port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$profile/driver.log")
        [ -z "$port" ] || break
        sleep 0.1
    done
    flags='"--headless","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking"'
    flags="$flags,\"--disable-component-update\",\"--disable-sync\",\"--user-data-dir=$profile/data\""
    # Chromium's sandbox refuses to run as root, and the page is our own.
    [ "$(id -u)" != 0 ] || flags="$flags,\"--no-sandbox\""
    session=$(browser_call POST "" "{\"capabilities\":{\"alwaysMatch\":{\"goog:chromeOptions\":{\"args\":[$flags]}}}}" |
        sed -n 's/.*"sessionId":"\([^"]*\)".*/\1/p')
    [ -n "$session" ] || { cat "$profile/driver.log" && false; }
}

# browser_open FILE
browser_open() {
    local path
    path=$(realpath "$1" | sed 's/%/%25/g; s/ /%20/g; s/#/%23/g; s/?/%3F/g')
    browser_call POST /url "{\"url\":\"file://$path\"}" >/dev/null
}

# browser_ask EXPRESSION: its value, as JSON.
browser_ask() {
    browser_call POST /execute/sync "{\"script\":\"return $(sed 's/\\/\\\\/g; s/"/\\"/g' <<<"$1")\",\"args\":[]}"
}

element() {
    browser_call POST /element "{\"using\":\"css selector\",\"value\":\"$(sed 's/\\/\\\\/g; s/"/\\"/g' <<<"$1")\"}" |
        sed -n 's/.*:"\([^"]*\)".*/\1/p'
}

# browser_click SELECTOR and browser_type SELECTOR TEXT: real input to the first element that matches.
browser_click() { browser_call POST "/element/$(element "$1")/click" '{}' >/dev/null; }
browser_type() { browser_call POST "/element/$(element "$1")/value" "{\"text\":\"$2\"}" >/dev/null; }
