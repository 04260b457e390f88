"""Write lesson 11 anew."""
import nbformat, sys
PATH='notebooks/11_comparison.ipynb'
old=nbformat.read(PATH,4)
setup=next(c for c in old.cells if c.id=='setup')
C=[]
def md(s): C.append(('markdown',s.strip('\n')))
def py(s): C.append(('code',s.strip('\n')))
exec(open('lesson_cells.py').read())
cells=[]
for i,(kind,src) in enumerate(C):
    new=getattr(nbformat.v4,f'new_{kind}_cell')(src)
    new.id=f'p{i:03d}'
    cells.append(new)
old.cells=[cells[0],setup,*cells[1:]]
nbformat.validate(old); nbformat.write(old,PATH)
