md(r'''
# 11 · Comparison: which technique for which question?

Ask one network about one image, ten times, with ten techniques: you get ten different pictures. Which one is right? You can't
tell by looking. In this lesson each technique takes tests that it can fail, beside rivals that know no network at all. Some
favourites fall.
''')
py(r'''
import numpy as np
import pandas as pd

import xaihelpers as xh
from xaihelpers.comparison import answer, chart, gallery, results

rashnet = xh.load_classifier("rashnet")
both = xh.rashes.make_pairs(7)  # images with the lesions of two diseases
image = both.images[6]
picture, asked_cowpox = gallery(rashnet, image, "cowpox", title="cowpox\nand smallpox", caption="All of them were asked: why cowpox?")
picture
''')
md(r'''
Blue speaks for cowpox, red against it, white says nothing. The image has one large ulcer (cowpox) and many small pustules
(smallpox). The last two pictures are no techniques: they show the image's edges, and how far it is from a blurred copy.

**Level:** advanced. **Time:** 45 minutes. **Before you start:** any three of the lessons 1 to 10; each technique here is one call.

**After this lesson you can**
1. say which question each technique answers, and show on two pixels why right answers may differ;
2. tell a test that a technique can fail from one that it can't, and read an interval, a paired difference and a control;
3. choose a technique for a question of your own, name the number behind the choice, and put a technique of your own to the test.

← [10 · Deep SHAP](10_deep_shap.ipynb) &nbsp;·&nbsp; [12 · Finding a bias](12_finding_bias.ipynb) →

## A question

The same image, and now everybody is asked: why **smallpox**? Before you run the next cell, write down which of the pictures above
will look different.
''')
py(r'''
picture, asked_smallpox = gallery(rashnet, image, "smallpox", title="cowpox\nand smallpox", caption="And now: why smallpox?")
picture
''')
py(r'''
for label in ("Grad-CAM", "Guided backpropagation", "Edges"):
    same = xh.metrics.rank_correlation(asked_cowpox[label], asked_smallpox[label])
    print(f"{label}: rank correlation of the two maps {same:+.2f}")
''')
md(r'''
A map that stays the same whatever you ask for can't be an answer to the question. Keep these two figures in mind: most of this lesson
turns what you just saw into numbers.

## The idea, small enough to work out by hand

Two pixels, $a$ and $b$, and a network that needs only one of them: $z = \min(a + b,\ 1)$. The image has $a = b = 1$, so
$z = 1$; the background has $a = b = 0$, and $z = 0$. How important is $a$?

| what is asked | technique | for pixel $a$ |
|---|---|---|
| what if a pixel changes a little? | saliency, guided backpropagation | $z$ stays at 1: **0** |
| how is the difference from a background shared out? | integrated gradients, Deep SHAP | half is $a$'s: **1/2** |
| where is what the last layer votes on? | Grad-CAM, HiResCAM | (there is no layer) |
| what if parts are hidden? | occlusion: only $a$ | $b$ is still there: **0** |
| | RISE, LIME: $a$ and $b$ at random | **1/2** |
| what is enough? | anchors | $a$ alone: **yes** |
''')
py(r'''
def z(a, b):
    return min(a + b, 1.0)


kept = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
scores = np.array([z(*each) for each in kept])
has_a = kept[:, 0] == 1
print("gradient   ", (z(1.001, 1) - z(0.999, 1)) / 0.002)
print("occlusion  ", z(1, 1) - z(0, 1))
print("Shapley    ", ((z(1, 0) - z(0, 0)) + (z(1, 1) - z(0, 1))) / 2)
print("RISE       ", scores[has_a].mean() - scores[~has_a].mean())
print("is a enough?", bool((scores[has_a] == 1).all()))
''')
md(r'''
Nobody made a mistake: these are true sentences about one network. So "which technique is best?" has no answer. "Which technique is
right about *its* question, on this network?" has one, if we know the truth.

## The equation: is what counts above what doesn't?

For one map, call $U$ the pixels that the network uses, and $V$ pixels that it does not use. Draw one pixel from each:

$$A = P\,(h_u > h_v) + \tfrac{1}{2}\,P\,(h_u = h_v) \qquad u \in U,\ v \in V$$

| symbol | what it is | in the code | shape |
|---|---|---|---|
| $h$ | the map | `h` | (H, W) |
| $U$, $V$ | pixels that must be high, and pixels that must be low | `used`, `unused` | (H, W), true or false |
| $A$ | the area under the ROC curve | `roc_area` | 1 all right, 0 all wrong, 1/2 chance |

A map that knows nothing has $A = 1/2$, however large $U$ is. Only the order counts, so techniques on different scales can be compared.

## From scratch
''')
py(r'''
def area(h, used, unused):
    u, v = h[used][:, None], h[unused][None, :]
    return (u > v).mean() + (u == v).mean() / 2


toy = np.array([[3.0, 1.0], [2.0, 1.0]])
above, below = np.array([[True, True], [False, False]]), np.array([[False, False], [True, True]])
print("toy:", area(toy, above, below), "= (1 + 1 + 0 + 1/2) / 4")

cowpox, smallpox = both.lesion_masks[6][0 if both.labels[6][0] == 1 else 1], both.lesion_masks[6][0 if both.labels[6][0] == 5 else 1]
h = asked_cowpox["Grad-CAM"].heatmap
by_hand = area(h, cowpox & ~smallpox, smallpox & ~cowpox)
print(f"Grad-CAM, asked for cowpox: {by_hand:.3f}")
''')
md(r'''
## The helper, over many images
''')
py(r'''
assert np.isclose(by_hand, xh.metrics.roc_area(h, cowpox & ~smallpox, smallpox & ~cowpox))
stored = results("contrast")
about = stored.attrs["about"]
print(f"{stored.image.nunique()} images with two diseases; {stored.method.nunique()} rows; made with TensorFlow {about['tensorflow']}, "
      f"on {about['cores']} cores")
stored.query("image == @stored.image.iloc[0]").head(4)
''')
md(r'''
Each number of this lesson comes from a stored table, which `make comparison` computes again; `xh.compare` makes one for your own
images. A technique enters each table **with its settings**: what it is compared with (a blurred image, the mean colour, black), the
map as it is or its absolute values, the layer, and how much it may ask. Here is a part of the list; the appendix has all of it.
''')
py(r'''
from xaihelpers.comparison import settings_table
from xaihelpers.comparison.entries import earlier_layer, entries

settings = settings_table(entries(earlier_layer(rashnet)))
print(f"{len(settings)} rows, {settings.technique.nunique()} techniques")
settings.iloc[[0, 1, 2, 8, 9, 20, 22, 30, -10, -1]]
''')
md(r'''
## Test 1: of two diseases, the one that was asked for

Truth comes first: an image stays in only if the **network** tells the two apart. Its logit for each disease must fall when the drawing
program leaves that disease's lesions out, and fall more than when it leaves out the other's. A map that is the same for both
classes scores exactly 1/2, whatever it shows.
''')
py(r'''
contrast = answer("contrast")
chart(contrast)
''')
md(r'''
How to read this chart, and all that follow: a dot is a mean over images, the line its 95 % interval. A **full** dot beats the best of
the controls (grey squares), its whole paired interval above it. A **hollow** one does not: that test says nothing for it.
''')
md(r'''
The CAMs find the disease that was asked for nearly without fault, and so do RISE and occlusion, which only ask: no clear winner among
them.<!-- claim: contrast: Grad-CAM beats controls --><!-- claim: contrast: RISE, mean, 300 masks beats controls --><!-- claim: contrast: Occlusion, mean, patch 16 beats controls --><!-- claim: contrast: no clear winner --> Guided backpropagation, which draws everything sharply, is far
behind: it draws both.<!-- claim: contrast: Grad-CAM beats Guided backpropagation -->
Plain gradients and the techniques that share out a difference tell the two apart a little, and not
more.<!-- claim: contrast: Saliency beats controls --><!-- claim: contrast: Grad-CAM beats Saliency --><!-- claim: contrast: Grad-CAM beats Integrated gradients, blur -->
Two settings of good names fail: integrated gradients from black hardly leave the controls behind, and Grad-CAM at an earlier layer
does not.<!-- claim: contrast: Integrated gradients, black below 0.55 --><!-- claim: contrast: Grad-CAM, earlier layer fails controls -->

## Test 2: a sticker that one network uses, and its twin does not

Two RashNets see the same sticker. The biased one calls for monkeypox because of it; the clean one does not (lesson 12). For each image
we take $A$ of the sticker on the first minus $A$ on the second: a map that marks the sticker in any case scores 0.
''')
py(r'''
chart(answer("sticker"))
''')
md(r'''
The highest that can be had is about 1/2: from 1 on the network that uses it to chance on its twin. The CAMs come near it, with the sign
kept; the ReLU of Grad-CAM throws away what tells the two networks apart.<!-- claim: sticker: HiResCAM beats controls --><!-- claim: sticker: Grad-CAM beats controls --><!-- claim: sticker: HiResCAM beats Grad-CAM -->
Most others do notice something, far less.<!-- claim: sticker: Saliency beats controls --><!-- claim: sticker: Grad-CAM beats Guided backpropagation --><!-- claim: sticker: HiResCAM beats Saliency --><!-- claim: sticker: HiResCAM beats Integrated gradients, blur --> Why? They mark the sticker on the innocent twin as well: its edge is the strongest in
the picture. And Grad-CAM at an earlier layer turns **away** from the sticker on the network that uses it: its mean gradient mixes channels that
speak for the class at one place and against it at another.<!-- claim: sticker: Grad-CAM, earlier layer below 0 -->

## Test 3: what is lost when a lesion is truly gone

The drawing program can draw an image again **without one lesion**: skin, hair, noise and all other lesions are the same to the byte.
So we know by how much the logit falls when this lesion is not there, with nothing grey or blurred in its place. Does a technique give
the lesions their importance in the same order?
''')
py(r'''
number = 5  # a test image with chickenpox
rashes = xh.rashes.load_test_split()
removed = rashes.without_each_lesion(number)
logit = rashnet.logits(np.concatenate([rashes.images[[number]], removed.images]))[:, rashes.labels[number]]
lost = logit[0] - logit[1:]
found = xh.integrated_gradients(rashnet, rashes.images[number], int(rashes.labels[number]))
print("one lesion less:", lost.round(2))
print(f"rank correlation with integrated gradients {xh.metrics.removal_correlation(found, removed.changed, lost):.2f}")
most = int(lost.argmax())
xh.side_by_side(
    [rashes.images[number], removed.images[most], lost @ removed.changed.reshape(len(lost), -1).astype(float) @ np.eye(128 * 128) if False
     else np.tensordot(lost, removed.changed.astype(float), 1), found],
    ["image", f"without lesion {most}", "what is lost with each lesion", "integrated gradients"],
    columns=4, size=2.2, caption="The third picture is the truth: each lesion in the colour of what the network loses without it.",
)
''')
py(r'''
chart(answer("removal"))
''')
md(r'''
Integrated gradients and Deep SHAP lead, and can't be told from each other: on one baseline they are one technique.<!-- claim: removal: Integrated gradients, blur equals Deep SHAP, blur --><!-- claim: removal: Integrated gradients, blur beats controls -->
With black as their baseline neither beats an edge detector.<!-- claim: removal: Integrated gradients, black fails controls --><!-- claim: removal: Deep SHAP, black fails controls -->
The baseline decides, not the name. The sign decides too: their absolute values do worse than the maps as they are.<!-- claim: removal: Integrated gradients, blur beats Integrated gradients, blur, absolute --><!-- claim: removal: Deep SHAP, blur beats Deep SHAP, blur, absolute -->

And the favourite of many, Grad-CAM, does not beat the controls here: its spots are larger than the lesions that it would have to
weigh.<!-- claim: removal: Grad-CAM fails controls --><!-- claim: removal: Integrated gradients, blur beats Grad-CAM --> Note where *chance* stands. Larger lesions matter more, and a map of random numbers sums
up more on larger lesions; without this row, 0.4 would look like a finding.

### The same with paint: deletion, insertion and ROAD

Most papers can't draw an image again. They paint pixels over, the highest first, and watch the probability fall (deletion), or put them
in (insertion). ROAD fills the hole in from its neighbours. Four areas for the same maps, each beside its best control:
''')
py(r'''
named = ["Deep SHAP, blur", "Deep SHAP, blur, absolute", "Guided backpropagation", "Grad-CAM", "HiResCAM, earlier layer"]
rows = []
for question in ("true removal", "deletion", "road", "insertion"):
    ranked = answer(question)
    best = ranked.loc[ranked.attrs["best_control"]]
    rows.append({"": question, "better": ranked.attrs["better"], "images": int(best.n), "best control": f"{best.name} {best['mean']:.3f}"})
    rows[-1] |= {name: f"{ranked.loc[name, 'mean']:.3f}{'' if ranked.loc[name, 'beats_controls'] else ' ✗'}" for name in named}
pd.DataFrame(rows).set_index("")
''')
md(r'''
✗ marks what does not beat the best control. Read **deletion** first. |image − blur|, which knows no network, falls faster than Grad-CAM, and
guided backpropagation is no better than it.<!-- claim: deletion: Grad-CAM fails controls --><!-- claim: deletion: Guided backpropagation fails controls -->
A picture full of grey holes is like none that the network was trained on, and whatever makes holes in the right places wins, whether
it knows the network or not. With **true removal** all techniques lie within a few hundredths: once lesions go one by one, as
they may in life, the order matters little, because many are enough. Paint made the differences look large.

A sign can win this contest as well: Deep SHAP's absolute values delete better than its signed map, and insert
worse.<!-- claim: deletion: Deep SHAP, blur, absolute beats Deep SHAP, blur --><!-- claim: insertion: Deep SHAP, blur beats Deep SHAP, blur, absolute -->

## Test 4: where the truth is known without a doubt

Images with a truth don't prove that the network uses it. Two networks are built so that they can't do otherwise.

**Wired by hand.** Its class "red on the left" adds up red pixels of the left half. Red on the right meets weights of 0; yellow is seen by
two channels that cancel each other. What the discs outside the left half do is nothing, by construction.
''')
py(r'''
from xaihelpers.zoo.wired import draw_wired, load_wired

wired, discs = load_wired(), draw_wired(3)
picture, maps = gallery(wired, discs.images[1], 0, columns=7, title="discs", caption="Only red discs on the left move the answer.")
picture
''')
py(r'''
wired_table = answer("wired")
print(f"{(wired_table[~wired_table.control]['mean'] > 0.999).sum()} of {(~wired_table.control).sum()} rows are right on every image; the others:")
chart(wired_table[wired_table["mean"] <= 0.999], rows=None)
''')
md(r'''
Gradients, integrated gradients, Deep SHAP, HiResCAM, RISE and occlusion pass.<!-- claim: wired: Saliency above 0.99 --><!-- claim: wired: Integrated gradients, blur above 0.99 --><!-- claim: wired: Deep SHAP, blur above 0.99 --><!-- claim: wired: HiResCAM above 0.99 --><!-- claim: wired: RISE, mean, 300 masks above 0.99 --><!-- claim: wired: Occlusion, mean, patch 16 above 0.99 -->
**Guided backpropagation** marks yellow: it throws negative gradients away, and with them the half that cancels.<!-- claim: wired: HiResCAM beats Guided backpropagation --><!-- claim: wired: Guided backpropagation below 0.9 -->
**Grad-CAM** marks red on the right: it averages the gradient over all places, and forgets that the weights there are 0. HiResCAM does
not average.<!-- claim: wired: HiResCAM beats Grad-CAM --><!-- claim: wired: Grad-CAM below 0.9 -->
On networks that end in global average pooling the two are the same; behind other heads they are not.

**Four photographs.** EfficientNet-Lite0 looks at a grid of four photographs, and its head is connected to one of them. Which
share of the map is in that quadrant?
''')
py(r'''
from xaihelpers.zoo.quadrant import draw_grids

xh.side_by_side([draw_grids(1)[0][0]], ["the head sees the top left"], size=2.2)
''')
py(r'''
chart(answer("quadrant"))
''')
md(r'''
@@QUADRANT@@

## Test 5: a network that has forgotten everything

Its weights are shuffled, or drawn anew as before any training. A map that stays the same is no map of the network. Low is good.
''')
py(r'''
chart(answer("randomised"), caption="Size of the rank correlation with the map of the real network, all weights shuffled.")
''')
py(r'''
lost_weights = results("randomised").assign(value=lambda t: t.value.abs())
wide = lost_weights[lost_weights.method.isin(["Guided backpropagation", "Saliency", "Grad-CAM", "Integrated gradients, blur", "Integrated gradients, blur, absolute", "Edges"])]
wide.pivot_table(index="method", columns=["order", "how"], values="value", sort=False).round(2)
''')
md(r'''
@@RANDOMISED@@

## Play: ask for the other disease

Four panels: the image, the first technique, the second, and where they differ among their highest tenth of pixels (blue: only the
first marks it; red: only the second).

* **target:** ask for the other disease. Which technique moves, and which draws the same again?
* **first, second:** find two techniques that share over half of their highest tenth.
''')
py(r'''
def two(classifier, image, target="cowpox", first="grad_cam", second="guided_backprop"):
    a, b = (xh.METHODS[name].function(classifier, image, target) for name in (first, second))
    only = [each.heatmap >= np.quantile(each.heatmap, 0.9) for each in (a, b)]
    return [image, a, b, xh.overlay(only[0].astype(np.float32) - only[1], image, signed=True)]


quick = ["grad_cam", "guided_backprop", "saliency", "hires_cam", "deep_shap"]
player = xh.explore(two, rashnet, image, target=["cowpox", "smallpox"], first=quick, second=quick[1:] + quick[:1])
player
''')
py(r'''
xh.side_by_side(
    [panel for target in ("cowpox", "smallpox") for panel in two(rashnet, image, target)],
    [title for target in ("cowpox", "smallpox") for title in ("image", f"Grad-CAM, {target}", f"guided, {target}", "only one marks it")],
    columns=4, size=1.9, caption="The menu at its two positions.",
)
''')
py(r'''
print(player.sweep())  # moves every control through its range
''')
md(r'''
## Is it right? What the plausible picture is worth

All the tests above asked the network. The usual question does not: **is the map on the lesions?**
''')
py(r'''
chart(answer("lesions"))
''')
md(r'''
Guided backpropagation wins by far, on a network that is sound.<!-- claim: lesions: Guided backpropagation wins --> It is the technique that draws both diseases whichever you ask for, marks
what cancels out, and hardly changes when the network forgets. It is plausible because it draws what stands out, and lesions stand out:
an edge detector gets three quarters of the way.<!-- claim: lesions: Edges above 0.7 --> **A map that always outlines lesions could never tell you that the network looks
at something else.** This table is the only one in the lesson that says nothing about the network, and the one that is shown most often.

## How it fools you: healthy images

Averages over all images hide another trap. Twenty test images are healthy: there is no lesion to find, and the network is sure
whatever you paint over.
''')
py(r'''
healthy = results("healthy")
ranked = xh.comparison.ranking(healthy, "insertion")
print(f"insertion on healthy skin: chance {ranked.loc['Chance', 'mean']:.2f}; on diseased skin {answer('insertion').loc['Chance', 'mean']:.2f}")
print(xh.comparison.verdict(ranked))
''')
md(r'''
Put both into one mean, and a sixth of it says nothing. Here they are apart in every table.

## What a question costs

Techniques that ask at random get better with every question, or don't. Each line is one technique at three budgets:
''')
py(r'''
xh.comparison.budgets({name: results(xh.comparison.QUESTIONS[name].table) for name in ("contrast", "removal")})
''')
md(r'''
@@BUDGETS@@

## Who is like whom?

The techniques can be put into groups by how they work, or by what they answer. Which grouping do the maps themselves confirm? Maps
should be more alike within a group than between groups.
''')
py(r'''
alike = results("agreement")
for name, groups in {"by how they work": xh.comparison.WORKS, "by what they answer": xh.comparison.ANSWERS}.items():
    for measure in ("agreement", "rank_correlation", "absolute"):
        print(f"{name:20s} {measure:17s} more alike within by {xh.comparison.grouped(alike, groups, measure)}")
xh.comparison.tree(alike, caption="Joined by the share of the highest tenth of pixels that two maps have in common.")
''')
md(r'''
@@GROUPS@@

## On Xception

The transfer-learned Xception at the same settings, fewer images. Test 3 again:
''')
py(r'''
on_xception = answer("xception")
print(xh.comparison.verdict(on_xception))
chart(on_xception)
''')
md(r'''
@@XCEPTION@@

## Which technique for which question? A guide

Each line names the test behind it, with its numbers; a test of the course reads both, and fails when a new table no longer
says so.
''')
py(r'''
xh.comparison.guide()
''')
md(r'''
How to read it: the line says what passed *here*, on these networks and images. Where no technique has won, it says so. Never take one
technique's word: take a second one that answers the same question in another way. What no map can tell you is what would happen if
the image were different; for that, change the image, as [lesson 12](12_finding_bias.ipynb) does.

## Exercises

Replace the dots, run the cell, and read what it says. `.hint()` gives a first step.

**1 · Predict** (easy, 5 minutes). Another network: $z = a \cdot b$, which needs both pixels. Image $a = b = 1$, background
$a = b = 0$. What do gradient, occlusion and Shapley's value give $a$? Work it out on paper.
''')
def exercise(name, placeholder, after=''):
    from xaihelpers.course.checks import comparison as c
    py(f'answer_ = ...  # {placeholder}\nxh.check.comparison.{name}(answer_)'.replace('answer_','answer'))
    md("<details><summary>Solution</summary>\n\n```python\n"+str(getattr(c,name).solution())+"\n```\n</details>\n\n"+after)
exercise('by_hand','[gradient, occlusion, Shapley]',r'''
**2 · Modify** (medium, 5 minutes). On average Grad-CAM is far better than guided backpropagation at marking the disease that was asked
for. On how many of the stored images is it better?
'''.strip())
exercise('wins','the number of images',r'''
**3 · Implement** (medium, 10 minutes). A function of the scores `a` and `b` of two techniques, one number an image: it returns
the mean of the difference a − b and the two ends of its 95 % interval. Is there a difference, or did you only see other images?
'''.strip())
exercise('told_apart','def answer(a, b): ...',r'''
**4 · Judge** (hard, 5 minutes). On a sound network a technique draws every lesion and nothing else. May it tell you where a
*suspicious* network looks?

* **a** Yes: it was right on every image.
* **b** Not yet: a map that always draws lesions would pass too. First see it leave out what a network does not use.
* **c** Only after more images like these.
* **d** Yes, if the interval of its score is small.
'''.strip())
exercise('judge','"a", "b", "c" or "d"',r'''
**5 · Make your own** (hard, 15 minutes). Write a technique: a function of classifier, image and class that returns a map (H, W). It must
tell what the hand-wired network uses from what it can't use, on images that you have not seen.
'''.strip())
exercise('own','def answer(classifier, image, target): ...',r'''
Then put it on the board, beside the others, on the same images. Nothing leaves your machine:

```python
xh.board(answer, "mine")
```

## Quiz

**1. Two techniques disagree on an image: their maps have a rank correlation of 0. What do you conclude?**
(a) one of them is wrong; (b) they may answer different questions, or one is noise: put each to a test that it can fail; (c) take
the mean of both.
<details><summary>Answer</summary>

**b.** As in $\min(a + b, 1)$, right answers to different questions differ. Not (a): that follows only if both answer the same
question. Not (c): a mean of two answers to two questions answers none.
</details>

**2. A technique has a mean of 0.60, interval 0.55 to 0.65; the edge detector 0.58, interval 0.53 to 0.63. What follows?**
(a) nothing yet: look at the interval of their difference, image by image; (b) they are the same; (c) the technique is better.
<details><summary>Answer</summary>

**a.** Both rise and fall with the same images, so the difference may be certain where the two intervals overlap. Not (b): an overlap does not
show that. Not (c): the difference may hold 0.
</details>

**3. A paper reports that technique X has the best deletion score. What do you ask first?**
(a) how many images; (b) what stands in place of the pixels, which sign the map has, and what a map without a network scores; (c) how
long it takes.
<details><summary>Answer</summary>

**b.** Each of these changes the winner in this lesson. Not (a): many images make a wrong question certain. Not (c): that comes after.
</details>
'''.strip())
md(r'''
## Summary

**What you have seen.** Techniques answer different questions, so none is the best. For one question, with the truth known, most of them
can be told from chance, some can't be told from an edge detector, and often there is no clear winner.
<!-- claim: removal: no clear winner -->

**Limits.** The numbers are those of these networks and images. Synthetic lesions are small and many, which is hard for coarse maps.
Intervals are over images; another network is another story. The grids use nine photographs again and again.

**Use it** so: write down the question first; take the guide's line for it; name the baseline, the sign and the budget with every map;
and where a decision hangs on it, measure on your own images with `xh.compare`, controls included.

**References**
* S. Rao, M. Böhle, B. Schiele: *Towards Better Understanding Attribution Methods*, CVPR 2022 (the grid whose head sees one cell).
  [arXiv:2205.10435](https://arxiv.org/abs/2205.10435)
* Y. Zhang, Y. Li, H. Brown and others: *AttributionLab: Faithfulness of Feature Attribution Under Controllable Environments*, 2023 (networks
  wired by hand). [arXiv:2310.06514](https://arxiv.org/abs/2310.06514)
* J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim: *Sanity Checks for Saliency Maps*, NeurIPS 2018.
  [arXiv:1810.03292](https://arxiv.org/abs/1810.03292)
* V. Petsiuk, A. Das, K. Saenko: *RISE: Randomized Input Sampling for Explanation of Black-box Models*, BMVC 2018 (deletion and
  insertion). [arXiv:1806.07421](https://arxiv.org/abs/1806.07421)
* Y. Rong, T. Leemann, V. Borisov, G. Kasneci, E. Kasneci: *A Consistent and Efficient Evaluation Strategy for Attribution Methods*, ICML
  2022 (ROAD). [arXiv:2202.00449](https://arxiv.org/abs/2202.00449)
* L. Arras, A. Osman, W. Samek: *CLEVR-XAI: A Benchmark Dataset for the Ground Truth Evaluation of Neural Network Explanations*,
  Information Fusion, 2022. [arXiv:2003.07258](https://arxiv.org/abs/2003.07258)
* P. Sturmfels, S. Lundberg, S.-I. Lee: *Visualizing the Impact of Feature Attribution Baselines*, Distill, 2020.
  [doi:10.23915/distill.00022](https://doi.org/10.23915/distill.00022)
* S. Krishna, T. Han, A. Gu, S. Wu, S. Jabbari, H. Lakkaraju: *The Disagreement Problem in Explainable Machine Learning: A
  Practitioner's Perspective*, 2022. [arXiv:2202.01602](https://arxiv.org/abs/2202.01602)
* B. Efron: *Bootstrap Methods: Another Look at the Jackknife*, Annals of Statistics, 1979.
  [doi:10.1214/aos/1176344552](https://doi.org/10.1214/aos/1176344552)

## Appendix: every row with its settings
''')
py(r'''
with pd.option_context("display.max_rows", None):
    display(settings)
''')
md(r'''
← [10 · Deep SHAP](10_deep_shap.ipynb) &nbsp;·&nbsp; [12 · Finding a bias](12_finding_bias.ipynb) →
''')
