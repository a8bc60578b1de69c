"""From files to batches.

`open` finds (`find`) and checks (`check`) a folder's examples, keeps them decoded (`examples`) at
the size that `geometry` cuts views from, and makes a data set of them: `facades`, `tracing`,
`photos` or `pairs`. `loader` orders and stacks what it gives.
"""
