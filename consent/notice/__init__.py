"""The notice: Markdown and facts become versions, packages, announcements and a feed (R47-R86).

    number, package          a version's number; a frozen version, read back and verified
    lifecycle, shelf         what is in force, to come and announced; all versions of a document
    shell, feed, words       the page round a notice's text, the Atom feed, their words
    cookies, countries       the cookie table and lifetimes in words
    redline, matching        two texts compared by section, block and word
    redline_shown, …         what a reader sees of it, as HTML and in a terminal
    comparison               two versions compared, as readers read them
    version                  a version folder as its editor wrote it
    render, allow            Markdown to HTML, and what may stand in it
    preview, publish, plan   a draft shown; a draft made a package; what its publication does
    change, withdrawal       how much a version changes; a version that will not take effect
    importing                a notice from elsewhere made a draft
    lint                     what a version lacks, gets wrong or words badly

What serves packages (down to `comparison`) loads neither markdown nor yaml nor nh3; the rest loads
them on first use.
"""
