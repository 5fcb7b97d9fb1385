"""`python -m flyhot_deploy demo`: the whole story on this machine, in under a minute.

    ledger      what was sent, answered, lost, doubled, reordered: pure
    sources     the example app's releases, laid into a folder
    servers     the app's processes: started on free ports, ended by pid
    clients     websocket clients that send numbered messages without pause
    upgrades    the real command line, run in the app's folder
    story       the steps, and the report at their end
    screen      what one sees meanwhile, and the closing table
    command     the click command

Nothing here has a way around the product: the upgrades are those of `python -m flyhot_deploy hot`, and what the
processes run afterwards is asked of the app itself, over HTTP.
"""
