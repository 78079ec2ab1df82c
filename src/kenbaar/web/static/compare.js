// Lays two pictures over each other, with a slider between them. Without JavaScript they stand side by side.
const box = document.querySelector('[data-compare]');
const slide = document.querySelector('[data-slide]');
if (box && slide) {
  const after = box.querySelector('[data-after]');
  const show = () => { after.style.clipPath = `inset(0 0 0 ${slide.value}%)`; };
  box.classList.add('over');
  slide.closest('label').hidden = false;
  slide.addEventListener('input', show);
  show();
}
