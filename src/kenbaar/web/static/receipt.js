// Lets a receipt be saved as a file. Without JavaScript it can be copied from its field.
const field = document.querySelector('[data-receipt]');
const link = document.querySelector('[data-save]');
if (field && link) {
  link.href = URL.createObjectURL(new Blob([field.value + '\n'], { type: 'application/jose' }));
  link.download = link.dataset.save;
  link.hidden = false;
}
