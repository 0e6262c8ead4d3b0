"""What the tests of HTML pages in Chromium look out for."""


def watch(shown, address, problems):
    """Note whatever goes wrong on an open page, and each request but that for the page itself."""
    shown.on("console", lambda message: problems.append(message.text))
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("dialog", lambda dialog: problems.append(dialog.message))
    shown.on("request", lambda request: None if request.url == address else problems.append(request.url))
